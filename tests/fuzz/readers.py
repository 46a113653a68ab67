"""The readers of strangers' bytes, each with the faults it may raise and something it can read."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hanse.areas.tables import read_definition, read_links, read_mergers
from hanse.audit.checkpoint import read_checkpoint, read_note, read_verifier
from hanse.audit.proof import read_proof as read_receipt
from hanse.audit.witness import read_submission
from hanse.auth import revoked
from hanse.auth.bearer import credential, refuse_in_query
from hanse.auth.compact import open_compact
from hanse.auth.dpop import Demand, ProofFault
from hanse.auth.dpop import read_proof as read_possession
from hanse.auth.issuer.faults import TokenFault
from hanse.auth.issuer.form import read_form
from hanse.auth.jwks import Issuers
from hanse.auth.keys import read_keys
from hanse.auth.scopes import parse as parse_scopes
from hanse.auth.tokens import validate
from hanse.catalog.snapshots import Identity
from hanse.catalog.snapshots import read as read_snapshot
from hanse.cube.formula import parse as parse_formula
from hanse.cube.period import read_period
from hanse.dialects.sdmx import address, question
from hanse.dialects.swing.spreadsheet import read as read_spreadsheet
from hanse.errors import HanseError
from hanse.outbound import Origin
from hanse.outbound.answer import strict_json
from hanse.policies import profile, protocol, yamlform
from hanse.policies.signatures import MANIFEST, SigningKey, sign, verify
from hanse.web.language import preferred
from hanse.web.limits import check_json

Words = tuple[type[Exception], ...]

_KEY = SigningKey.generate()
_SIGNED = sign(b'{"schema": 1}', MANIFEST, _KEY).encode()
_IDENTITY = Identity("NIS41002", "https://node-gent.example", (_KEY.public_jwk(),))
_DEMAND = Demand("GET", "https://node-gent.example/v1/datasets", 1_800_000_000.0)
_ANCHOR = (_KEY.public_jwk(),)


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader: what it is given, the only faults it may raise, and texts it starts from."""

    read: Callable[[bytes], object]
    words: Words = (HanseError,)
    seeds: tuple[bytes, ...] = (b"",)


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda content: read(content.decode("utf-8", "replace"))


def _checkpoint(content: bytes) -> object:
    return read_checkpoint(read_note(content))


def _token(content: bytes) -> object:
    issuers = Issuers({})
    return validate(
        content.decode("utf-8", "replace"), issuers=issuers, audience="https://a", now=1.8e9
    )


def _keys(content: bytes) -> object:
    return read_keys(strict_json(content, "peer"))


def _form(content: bytes) -> object:
    body, _, query = content.partition(b"\x00")
    return read_form(body, "application/x-www-form-urlencoded", query, [])


def _sdmx(content: bytes) -> object:
    path, _, query = content.decode("utf-8", "replace").partition("?")
    for family in ("2.1", "3.0"):
        address.read(family, path, query)
    return None


def _sdmx_key(content: bytes) -> object:
    text = content.decode("utf-8", "replace")
    question.read_filter(text)
    return question.read_key(text, ("A", "B", "C"), "*", ".")


def _credential(content: bytes) -> object:
    name, _, value = content.partition(b":")
    refuse_in_query(content)
    return credential([(name.lower(), value), (b"authorization", b"Bearer x")])


_PROTOCOL = (
    b"schema: 1\nid: urn:protocol:a:1\nversion: 1\nparties: [{role: supplier, kbo: '0207437468'}]\n"
)

READERS: Mapping[str, Reader] = {
    "compact": Reader(_text(open_compact), (ValueError, RecursionError), (_SIGNED,)),
    "token": Reader(_token, seeds=(_SIGNED,)),
    "possession": Reader(
        lambda content: read_possession([content], _DEMAND), (ProofFault,), (_SIGNED,)
    ),
    "statement": Reader(_text(lambda text: verify(text, MANIFEST, _ANCHOR)), seeds=(_SIGNED,)),
    "snapshot": Reader(_text(lambda text: read_snapshot(text, _IDENTITY)), seeds=(_SIGNED,)),
    "revocations": Reader(
        _text(lambda text: revoked.read(text, "https://c", ())), seeds=(_SIGNED,)
    ),
    "keys": Reader(_keys, seeds=(json.dumps({"keys": [_KEY.public_jwk()]}).encode(),)),
    "credential": Reader(_credential, seeds=(b"apikey:abc", b"authorization:Basic YTpi")),
    "scopes": Reader(_text(parse_scopes), seeds=(b"dataset:read audit:read",)),
    "form": Reader(_form, (HanseError, TokenFault), (b"grant_type=client_credentials&scope=a",)),
    "yaml": Reader(yamlform.load, seeds=(b"a: [1, {b: c}]\n", b"a: &x 1\nb: *x\n")),
    "protocol": Reader(protocol.load, seeds=(_PROTOCOL,)),
    "profile": Reader(_text(profile.load), seeds=(b"name: x\ngroup_size_min: 5\n",)),
    "json": Reader(
        lambda content: strict_json(content, "peer"), seeds=(b'{"a": [1.5e3, "\\u00e9"]}',)
    ),
    "body": Reader(check_json, seeds=(b'{"a": "\\ud83d\\ude00"}', b"[[[]]]")),
    "origin": Reader(_text(Origin.of), seeds=(b"https://node-gent.example:8443/x",)),
    "note": Reader(
        _checkpoint, seeds=("a/audit\n5\nsYxVbotWrxanVAsPRq==\n\n\u2014 a bcd=\n".encode(),)
    ),
    "receipt": Reader(read_receipt, seeds=(b"c2sp.org/tlog-proof@v1\nindex 1\nYQ==\n\n",)),
    "submission": Reader(read_submission, seeds=(b"old 5\nYQ==\n\na\n6\nYQ==\n\n",)),
    "verifier": Reader(_text(read_verifier), seeds=(b"a/audit+00000000+AWFh",)),
    "period": Reader(_text(read_period), seeds=(b"2024", b"2024-Q3", b"2023-2024", b"2024-02-29")),
    "formula": Reader(_text(parse_formula), seeds=(b"100 * a / (b + c)",)),
    "areas": Reader(
        _text(lambda text: read_definition(text, "gemeente@2025")), seeds=(b"code;name\n1;a\n",)
    ),
    "links": Reader(_text(lambda text: read_links(text, "a")), seeds=(b"child,parent\n1,2\n",)),
    "mergers": Reader(_text(read_mergers), seeds=(b"old,new,date\n1,2,2025-01-01\n",)),
    "sdmx": Reader(
        _sdmx, seeds=(b"data/dataflow/A/B/1.0/*?c[TIME_PERIOD]=ge:2020", b"data/A,B,1.0/..")
    ),
    "sdmx-key": Reader(_sdmx_key, seeds=(b"A+B..C", b"ge:2020+le:2024,eq:2019")),
    "language": Reader(_text(preferred), (), (b"nl-BE;q=0.8, fr;q=1, *;q=0",)),
    "workbook": Reader(lambda content: read_spreadsheet(content, "x.xlsx"), seeds=(b"PK\x03\x04",)),
}
"""Every reader by its name."""
