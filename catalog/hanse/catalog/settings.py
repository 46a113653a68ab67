"""What an operator can set on a catalogue: `HANSE_CATALOG_…` over `catalog.env` in its home."""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hanse.web.site import Rate


class CatalogSettings(BaseSettings):
    """Settings of a catalogue; read once, then passed down."""

    model_config = SettingsConfigDict(env_prefix="HANSE_CATALOG_", frozen=True, extra="ignore")

    home: Path = Field(Path("hanse-catalog"), description="Folder that holds everything of it.")
    base_url: str = Field("http://127.0.0.1:8100", description="Address others reach it by.")
    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the home folder.")
    name: str = Field("Stedencatalogus", description="Name, as readers know it.")
    language: Literal["nl", "en", "fr"] = Field("nl", description="Default language of pages.")
    harvest_seconds: int = Field(300, description="Longest time between two looks at a node.")
    harvest_deadline_seconds: float = Field(10.0, description="Total time one node may take.")
    snapshot_bytes: int = Field(20_000_000, description="Largest feed of one node.")
    networks: str = Field(
        "", description="Networks of nodes beside public ones, as CIDR with commas between."
    )
    token_seconds: int = Field(300, description="Life of an access token; at most 300.", le=300)
    witnesses: str = Field(
        "", description="Who cosigns this log: `key address` of each, with commas between."
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

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'catalog.db'}"

    @property
    def issuer(self) -> str:
        """The issuer identifier, compared byte for byte: the base URL without a final slash."""
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


def read_settings(home: Path | None = None) -> CatalogSettings:
    """Read the settings of the catalogue in `home`, or in `HANSE_CATALOG_HOME`."""
    folder = home or Path(os.environ.get("HANSE_CATALOG_HOME", "hanse-catalog"))  # noqa: TID251 once
    given = {"home": folder} if home else {}
    return CatalogSettings(_env_file=folder / "catalog.env", **given)  # type: ignore[arg-type]
