"""What an operator can set on a catalogue: `HANSE_CATALOG_…` over `catalog.env` in its home."""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    max_body_bytes: int = Field(1_048_576, description="Largest request body.")

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'catalog.db'}"

    @property
    def issuer(self) -> str:
        """The issuer identifier, compared byte for byte: the base URL without a final slash."""
        return self.base_url.rstrip("/")

    @property
    def reachable(self) -> tuple[str, ...]:
        """The networks that may be reached beside public hosts; its own loopback if it is there."""
        listed = tuple(text.strip() for text in self.networks.split(",") if text.strip())
        host = urlsplit(self.base_url).hostname or ""
        own = ("127.0.0.0/8",) if host == "localhost" or host.startswith("127.") else ()
        return listed + own


def read_settings(home: Path | None = None) -> CatalogSettings:
    """Read the settings of the catalogue in `home`, or in `HANSE_CATALOG_HOME`."""
    folder = home or Path(os.environ.get("HANSE_CATALOG_HOME", "hanse-catalog"))  # noqa: TID251 once
    given = {"home": folder} if home else {}
    return CatalogSettings(_env_file=folder / "catalog.env", **given)  # type: ignore[arg-type]
