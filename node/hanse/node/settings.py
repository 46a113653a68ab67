"""What an operator can set on a node: environment (`HANSE_NODE_…`) over `node.env` in its home."""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hanse.web.site import Rate


class NodeSettings(BaseSettings):
    """Settings of one node; read once, then passed down."""

    model_config = SettingsConfigDict(env_prefix="HANSE_NODE_", frozen=True, extra="ignore")

    home: Path = Field(Path("hanse-node"), description="Folder that holds everything of this node.")
    base_url: str = Field("http://127.0.0.1:8101", description="Address others reach this node by.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the home folder.")
    agency: str = Field("NIS00000", description="Identifier of the publishing party, `NIS` + code.")
    name: str = Field("Node", description="Name of the party, as readers know it.")
    kbo: str = Field("", description="Enterprise number of the party; protocols name it.")
    territory: str = Field("", description="Own territory, `level:code`, such as `gemeente:41002`.")
    contact: str = Field("", description="Role mailbox shown with every dataset.")
    language: Literal["nl", "en", "fr"] = Field("nl", description="Default language of pages.")
    catalogue_url: str = Field("", description="The catalogue; its issuer is trusted for tokens.")
    catalogue_keys: str = Field("", description="File with the pinned public keys (JWKS) of it.")
    networks: str = Field(
        "", description="Networks a catalogue may be in beside public ones, as CIDR with commas."
    )
    approvals: Literal["second-person", "none"] = Field(
        "second-person", description="Whether publishing needs somebody else's approval."
    )
    record_open: bool = Field(
        True, description="Whether answers of open data are recorded too, or only counted."
    )
    witnesses: str = Field(
        "", description="Who cosigns this log: `key address` of each, with commas between."
    )
    witnessed: str = Field(
        "", description="Public keys of the logs this node cosigns, with commas between."
    )
    audit_suffix: Literal["", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"] = Field(
        "", description="New end of the log's origin, only after entries were lost for good."
    )
    audit_term: str = Field(
        "P3Y", description="How long the log keeps what it says of an exchange (ISO 8601)."
    )
    audit_technical_term: str = Field(
        "P1Y", description="How long it keeps sign-ins, roles, tokens and looks at the log."
    )
    audit_terms: str = Field(
        "", description="Terms of single protocols, `urn:protocol:… P5Y`, with commas between."
    )
    max_body_bytes: int = Field(1_048_576, description="Largest request body.")
    rate_per_second: float = Field(
        200.0, description="Requests a second of one caller, on average; 0 is no limit.", ge=0
    )
    rate_burst: int = Field(2_000, description="Requests of one caller at once.", ge=1)
    rate_together: int = Field(64, description="Requests of one caller in progress.", ge=1)
    proxies: str = Field(
        "127.0.0.0/8, ::1/128",
        description="Networks of proxies that say who asked (X-Forwarded-For), as CIDR.",
    )
    session_idle_seconds: int = Field(
        1_800, description="A person who does nothing this long is signed out.", ge=60
    )
    session_seconds: int = Field(
        43_200, description="A person is signed out after this long in any case.", ge=300
    )
    break_glass: bool = Field(
        False, description="Whether a one-time secret of the operator opens the pages too."
    )
    max_upload_bytes: int = Field(200_000_000, description="Largest file that intake reads.")
    decode_memory_bytes: int = Field(4_000_000_000, description="Memory of the decoding process.")
    decode_seconds: int = Field(300, description="Processor time of the decoding process.")

    proof_nonce: bool = Field(
        False, description="Whether proofs of possession must carry this node's number."
    )
    feed_tokens_plain: bool = Field(
        False, description="Read feed tokens over plain http too; for development only."
    )
    revocation_hours: int = Field(
        24, description="Age of the list of revoked keys past which governed data waits; 0: any."
    )
    audit_lag_seconds: int = Field(
        60, description="Seconds the log may be behind before governed data waits; 0: any.", ge=0
    )
    witness_hours: int = Field(
        0, description="Hours without a witness of the log past which governed data waits; 0: any."
    )

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'node.db'}"

    @property
    def issuer(self) -> str:
        """The catalogue's issuer identifier: its address without a final slash; "" for none."""
        return self.catalogue_url.rstrip("/")

    @property
    def issuers(self) -> tuple[str, ...]:
        """The issuers whose tokens are taken, in the order they should be tried: itself is last."""
        return (*((self.issuer,) if self.issuer else ()), self.resource)

    @property
    def private(self) -> bool:
        """Whether a password reaches the node unread: over TLS, or from this machine itself."""
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        near = host in {"localhost", "::1"} or host.startswith("127.")
        return parts.scheme == "https" or near or self.feed_tokens_plain

    @property
    def resource(self) -> str:
        """What a token for this node names as its audience: the base URL without a final slash."""
        return self.base_url.rstrip("/")

    @property
    def rate(self) -> Rate:
        """What one caller may ask."""
        proxies = _listed(self.proxies)
        return Rate(self.rate_per_second, self.rate_burst, self.rate_together, proxies)

    @property
    def reachable(self) -> tuple[str, ...]:
        """The networks that may be reached beside public hosts; its own loopback if it is there."""
        host = urlsplit(self.base_url).hostname or ""
        own = ("127.0.0.0/8",) if host == "localhost" or host.startswith("127.") else ()
        return _listed(self.networks) + own


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def read_settings(home: Path | None = None) -> NodeSettings:
    """Read the settings of the node in `home` (else of `HANSE_NODE_HOME`, else `./hanse-node`)."""
    folder = home or Path(os.environ.get("HANSE_NODE_HOME", "hanse-node"))  # noqa: TID251 read once
    given = {"home": folder} if home else {}
    return NodeSettings(_env_file=folder / "node.env", **given)  # type: ignore[arg-type]
