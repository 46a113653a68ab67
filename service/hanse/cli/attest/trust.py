"""Whom the server trusts: its description, its keys, tokens from outside, and its issuer's door."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hanse.cli.attest.finding import Finding, judge, skip
from hanse.cli.attest.forging import Forger
from hanse.cli.attest.line import Line, Reply

NODE, CATALOGUE = "node", "catalogue"
GUARDED: Final = "/v1/datasets"
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
_FIGURES: Final = re.compile(r"/(?:data|values|Observations)(?:\.[a-z]+)?(?:/|$)")
"""The last part of an address that figures have."""

_FORM: Final = ("content-type", "application/x-www-form-urlencoded")
_ASSERTION: Final = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"


def role(line: Line) -> str:
    """Say whether the server is a node or a catalogue, "" where it is neither."""
    if isinstance(line.get("/v1/node").json(), dict) and line.get("/v1/node").status == 200:
        return NODE
    return CATALOGUE if line.get("/v1/members").status == 200 else ""


def metadata(line: Line) -> Iterator[Finding]:
    """Check what it says of itself, and that no private key is among what it publishes."""
    kind = role(line)
    yield judge("META", "a node or a catalogue answers", bool(kind), "node, catalogue", "neither")
    if kind == NODE:
        told = _object(line.get("/.well-known/oauth-protected-resource"))
        resource = told.get("resource")
        yield judge(
            "T02",
            "the resource is exactly this address",
            resource == line.base,
            line.base,
            resource,
        )
        issuers = told.get("authorization_servers")
        good = isinstance(issuers, list) and bool(issuers)
        yield judge("META", "it names whose tokens it takes", good, "a list", issuers)
        only = told.get("bearer_methods_supported") == ["header"]
        yield judge("T20", "tokens travel in headers only", only, "['header']", told)
    issuer = _object(line.get("/.well-known/oauth-authorization-server"))
    if issuer:
        same = issuer.get("issuer") == line.base
        yield judge(
            "T03", "the issuer is exactly this address", same, line.base, issuer.get("issuer")
        )
        methods = issuer.get("token_endpoint_auth_methods_supported")
        good = methods == ["private_key_jwt"]
        yield judge("T03", "clients prove a key", good, "private_key_jwt", methods)
    for path in _key_paths(issuer, line.base):
        keys = _keys(line, path)
        private = [name for key in keys for name in key if name in PRIVATE_MEMBERS]
        yield judge("T04", f"no private key under {path}", not private, "public keys", private)
        yield judge("META", f"keys under {path}", bool(keys), "at least one", "none")
    if kind == CATALOGUE:
        paths = _object(line.get("/openapi.json")).get("paths", {})
        found = [path for path in paths if _FIGURES.search(path)]
        yield judge("T09", "the catalogue hands out no figures", not found, "no route", found)


def tokens(line: Line) -> Iterator[Finding]:
    """Check that no token made outside opens anything, and that all are refused alike."""
    if role(line) != NODE:
        yield skip("T06", "hostile tokens", "a catalogue takes none")
        return
    own = _object(line.get("/.well-known/oauth-authorization-server"))
    told = _object(line.get("/.well-known/oauth-protected-resource"))
    listed = told.get("authorization_servers") or [line.base]
    keys = [key for path in _key_paths(own, line.base) for key in _keys(line, path)]
    issuer = str(own.get("issuer") or listed[0])
    forger = Forger(line.base, issuer, keys)
    bodies = set[bytes]()
    for scheme in ("Bearer", "DPoP"):
        for name, token in forger.all():
            reply = _shown(line, f"{scheme} {token}")
            yield judge("T06", f"{scheme} {name}", reply.status == 401, "401", reply.status)
            bodies.add(reply.body if reply.status == 401 else b"")
    yield judge("T06", "one wording for every fault", len(bodies) == 1, "1", len(bodies))
    for name, value in (
        ("a scheme nobody knows", "Negotiate abc"),
        ("two words", "Bearer a b"),
        ("a comma", "Bearer a,b"),
        ("Basic that is no base64", "Basic %%%"),
        ("Basic of a guess", "Basic YXBpOmd1ZXNz"),
    ):
        status = _shown(line, value).status
        yield judge("F30", name, status == 401, "401", status)
    both = [("authorization", "Bearer a"), ("apikey", "b")]
    status = line.get(GUARDED, both).status
    yield judge("F30", "two credentials", status in {400, 401}, "400", status)


def issuing(line: Line) -> Iterator[Finding]:
    """Check the door of its issuer: one answer for every wrong client, and never a fault."""
    issuer = _object(line.get("/.well-known/oauth-authorization-server"))
    if not issuer:
        yield skip("A8", "token endpoint", "it issues no tokens")
        return
    forger = Forger(line.base, line.base, [])
    head = {"alg": "ES256", "typ": "JWT", "kid": "x"}
    told = forger.claims(iss="attest", aud=line.base)
    rows: Sequence[tuple[str, str, object, object]] = (
        ("A6", "an unknown client", head, told),
        ("A8", "alg none", {**head, "alg": "none"}, told),
        ("A8", "alg list", {**head, "alg": ["ES256"]}, told),
        ("A6", "sub object", head, {**told, "sub": {"a": 1}}),
        ("A10", "payload deep", head, '{"a":' + "[" * 2_000 + "]" * 2_000 + "}"),
        ("A11", "payload UTF-16", head, json.dumps(told).encode("utf-16")),
        ("A11", "header list", "[]", told),
        ("A4", "exp in three years", head, {**told, "exp": 2_000_000_000}),
    )
    bodies = set[bytes]()
    for rule, name, header, payload in rows:
        reply = _ask(line, forger.token(header, payload))
        yield judge(rule, name, reply.status in {400, 401}, "400", reply.status)
        bodies.add(reply.body)
    yield judge("A6", "one wording for every wrong client", len(bodies) == 1, "1", len(bodies))
    stored = _ask(line, "a.b.c").header("cache-control")
    yield judge("A11", "answers are stored nowhere", "no-store" in stored, "no-store", stored)
    for rule, name, method, wanted in (("A18", "GET", "GET", {405}), ("A18", "PUT", "PUT", {405})):
        status = line.ask(method, "/oauth/token").status
        yield judge(rule, name, status in wanted, "405", status)
    many = b"&".join([b"a=1"] * 60_000)
    status = line.ask("POST", "/oauth/token", [_FORM], many).status
    yield judge("A19", "60,000 fields", status in {400, 413}, "400, 413", status)


def closed(line: Line) -> Iterator[Finding]:
    """Check that nobody learns what is closed: unknown and forbidden look the same."""
    if role(line) != NODE:
        yield skip("T17", "closed datasets", "a catalogue has none")
        return
    for path in ("", "/data", "/releases", "/permitted"):
        reply = line.get(f"/v1/datasets/attest-none{path}")
        seen = reply.status in {401, 404}
        yield judge("T17", f"an unknown dataset{path}", seen, "401, 404", reply.status)
    reply = line.get("/v1/decisions/attest-none")
    yield judge("T17", "decisions need a token", reply.status == 401, "401", reply.status)


def _ask(line: Line, assertion: str) -> Reply:
    form = (
        f"grant_type=client_credentials&scope=dataset%3Aread&resource={line.base}"
        f"&client_assertion_type={_ASSERTION}&client_assertion={assertion}"
    )
    return line.ask("POST", "/oauth/token", [_FORM], form.encode("utf-8"))


def _shown(line: Line, value: str) -> Reply:
    return line.get(GUARDED, [("authorization", value)])


def _object(reply: Reply) -> Mapping[str, Any]:
    found = reply.json() if reply.status == 200 else None
    return found if isinstance(found, dict) else {}


def _key_paths(issuer: Mapping[str, Any], base: str) -> tuple[str, ...]:
    named = str(issuer.get("jwks_uri", ""))
    own = (named.removeprefix(base),) if named.startswith(f"{base}/") else ()
    return tuple(dict.fromkeys(("/v1/jwks", *own)))


def _keys(line: Line, path: str) -> list[Mapping[str, Any]]:
    listed = _object(line.get(path)).get("keys")
    return [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
