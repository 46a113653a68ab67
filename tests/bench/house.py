"""The node that is measured: a home of its own, a real release, three clients with a protocol each.

The release goes through the writer that every release goes through: scrubbed, arranged in policy
partitions (one per province), written, signed, registered. What is left out is intake: the figures
are generated, not read from a workbook.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from joserfc import jws
from joserfc.jwk import ECKey
from tests.bench import table as generated
from tests.support import agreed

from hanse.areas import Registry
from hanse.areas.tables import registry_from
from hanse.auth.issuer import Client
from hanse.auth.issuer.assertion import ASSERTION_TYPE
from hanse.auth.issuer.issuer import Issuer, IssuerParts
from hanse.auth.jwks import document
from hanse.auth.keys import read_keys
from hanse.auth.ring import Ring, write_secret
from hanse.cube.cells import draft_schema
from hanse.cube.cleared import scrub
from hanse.cube.contract import Access, Contract
from hanse.cube.indicator import Indicator
from hanse.node import areas, home, migrations, publish, shielding
from hanse.node.intake.draft import Draft
from hanse.node.ledger import Held
from hanse.node.press import open_press
from hanse.node.publish import Prepared
from hanse.node.releases import description, difference, layout
from hanse.node.settings import NodeSettings, read_settings
from hanse.policies import profile
from hanse.store.engine import create
from hanse.store.session import transaction

SLUG = "meting"
KBO = "0207437468"
LEVEL, PARTITION_LEVEL = "gemeente@2025", "provincie@2025"
ISSUER = "http://127.0.0.1:9"
"""Nobody listens there: a node verifies offline, with the keys it holds."""

WHOLE, PROVINCE, SCATTERED = "alles", "provincie", "verspreid"

AGREEMENT = """
schema: 1
id: urn:protocol:meting:2026-{client}
version: 1
parties:
  - {{role: supplier, kbo: "0207437468"}}
  - {{role: recipient, kbo: "0207725597", client_id: {client}, bearer: true}}
basis: {{kind: bilateral}}
purposes: [statistiek]
data:
  datasets: [meting]
  indicators: all
  levels: [gemeente]
  areas: {areas}
  periods: all
  breakdowns: all
  formats: [json, csv, xlsx, parquet, arrow, sdmx, odata, pxweb, ogc]
actions: [read]
terms: {{profile: open-0, group_size_min: 0, retention: P5Y, measures: [audit]}}
valid: {{from: "2000-01-01", until: "2100-01-01"}}
"""


class Tokens:
    """A real issuer in this process; the node holds its public keys on disk, as after a restart."""

    def __init__(self, node_url: str, clients: tuple[str, ...]) -> None:
        self._node = node_url
        self._ring = Ring.start(int(time.time()))
        self._keys = {client: ECKey.generate_key("P-256") for client in clients}
        self._issuer = Issuer(IssuerParts(ISSUER, self, self, lambda: self._ring, time.time))

    def client(self, client_id: str) -> Client | None:
        """Return a registered client."""
        key = self._keys.get(client_id)
        if key is None:
            return None
        keys = read_keys({"keys": [{**key.as_dict(private=False), "kid": client_id}]})
        return Client(client_id, "0207725597", keys, frozenset({"dataset:read"}))

    def knows(self, resource: str) -> bool:
        """Say whether tokens are given for this node."""
        return resource == self._node

    def spend(self, client_id: str, jti: str, expires_at: int, now: int) -> bool:
        """Accept every assertion: each is made here, once."""
        return True

    def give(self, home_folder: Path) -> None:
        """Put the public keys where a node keeps them."""
        text = json.dumps(document(self._ring.published(int(time.time())), None))
        kept = json.dumps({"fetched_at": time.time(), "document": text})
        write_secret(home_folder / "keys" / "catalogue.jwks", kept)

    def token(self, client: str) -> str:
        """Return a fresh access token of a client."""
        now = int(time.time())
        claims = {"iss": client, "sub": client, "aud": ISSUER, "iat": now, "exp": now + 60}
        assertion = jws.serialize_compact(
            {"alg": "ES256", "kid": client},
            json.dumps({**claims, "jti": secrets.token_hex(8)}),
            self._keys[client],
            algorithms=["ES256"],
        )
        form = {
            "grant_type": "client_credentials",
            "scope": "dataset:read",
            "resource": self._node,
            "purpose": "statistiek",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        status, members = self._issuer.token(form)
        if status != 200:
            raise RuntimeError(f"no token: {members}")
        return str(members["access_token"])


@dataclass(frozen=True, slots=True)
class House:
    """A node ready to be served."""

    home: Path
    port: int
    tokens: Tokens
    settings: NodeSettings
    seconds: float

    def headers(self, client: str) -> Mapping[str, str]:
        """Return the headers of a client with a fresh token."""
        return {"Authorization": f"Bearer {self.tokens.token(client)}", "Purpose": "statistiek"}

    def forget_views(self) -> None:
        """Remove what was filtered and kept, so that the next one asks for it first."""
        for path in (self.home / "views").glob("*"):
            path.unlink()


def furnish(folder: Path, port: int, cells: pa.Table) -> House:
    """Make a node in `folder` and publish the cells as its one governed dataset."""
    url = f"http://127.0.0.1:{port}"
    given = {"agency": "NIS00000", "name": "Meting (gegenereerd)", "kbo": KBO, "base_url": url}
    home.init(folder, {**given, "catalogue_url": ISSUER, "approvals": "none"})
    settings = read_settings(folder)
    registry = _registry()
    areas.store(folder, registry)
    engine = create(settings.database)
    migrations.upgrade(engine)
    with transaction(engine) as session:
        for text in _agreements():
            agreed.in_force(session, folder, text, datetime.now(UTC))
    engine.dispose()
    tokens = Tokens(url, (WHOLE, PROVINCE, SCATTERED))
    tokens.give(folder)
    began = time.monotonic()
    press = open_press(settings)
    publish.publish(press, _prepared(cells, registry), publish.Intent(), "meting")
    press.engine.dispose()
    return House(folder, port, tokens, settings, time.monotonic() - began)


def _prepared(cells: pa.Table, registry: Registry) -> Prepared:
    contract = _contract(cells)
    cleared = scrub(cells)
    parents = registry.parent_table(LEVEL, PARTITION_LEVEL)
    columns = (parents.column(name).to_pylist() for name in ("child", "parent"))
    arranged = layout.arrange(cleared, {LEVEL: dict(zip(*columns, strict=True))})
    chosen = profile.find(contract.profile, {})
    nobody = Held({}, {})
    # Everything is open, so there is nothing to close: `tests.bench.disclosure` measures that.
    empty = draft_schema([]).empty_table()
    none = Draft(contract, empty, ("generated",), "meting", datetime.now(UTC))
    return Prepared(
        contract=contract,
        profile=chosen,
        arranged=arranged,
        coverage=description.coverage(cleared.table),
        difference=difference.compare(None, contract, cleared.table),
        findings=(),
        waivers={},
        previous=None,
        shielded=shielding.shield(none, chosen, registry, nobody),
        held=nobody,
    )


def _contract(cells: pa.Table) -> Contract:
    ids = cells.column("indicator").chunk(0).dictionary.to_pylist()
    texts = {each: {"nl": f"Gegenereerd onderwerp {each}"} for each in ids}
    return Contract(
        slug=SLUG,
        agency="NIS00000",
        title={"nl": "Meting (gegenereerde cijfers)"},
        description={"nl": "Gegenereerde cijfers om mee te meten."},
        theme="meting",
        indicators=tuple(
            Indicator(id=each, name=texts[each], description=texts[each], unit="aantal", decimals=2)
            for each in ids
        ),
        levels=(LEVEL,),
        profile="open-0",
        access=Access.PROTOCOL,
        partition_level=PARTITION_LEVEL,
    )


def _registry() -> Registry:
    codes = generated.area_codes()
    towns = "".join(f"{code},Gemeente {code}\n" for code in codes)
    provinces = "".join(f"{code},Provincie {code}\n" for code in ("10000", "20000"))
    links = "".join(f"{code},{code[0]}0000\n" for code in codes)
    return registry_from(
        {
            "def_gemeente.csv": f"code,name\n{towns}",
            "def_provincie.csv": f"code,name\n{provinces}",
            "agg_gemeente_provincie.csv": f"gemeente,provincie\n{links}",
        }
    )


def _agreements() -> tuple[str, ...]:
    scattered = ", ".join(f'"gemeente:{code}"' for code in generated.area_codes()[::2])
    scopes = {WHOLE: "all", PROVINCE: '["provincie:10000"]', SCATTERED: f"[{scattered}]"}
    return tuple(AGREEMENT.format(client=client, areas=areas) for client, areas in scopes.items())
