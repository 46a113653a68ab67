"""What a user of the SDK can set: `HANSE_…` in the environment, and the file that `login` writes.

The file names a private key, so it and its folder are for their owner alone.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hanse.errors import Invalid, NotFound


class ClientSettings(BaseSettings):
    """Settings of a user's machine; read once, then passed down."""

    model_config = SettingsConfigDict(env_prefix="HANSE_", frozen=True, extra="ignore")

    config: Path = Field(
        Path("~/.config/hanse/client.json"), description="File that `hanse login` writes."
    )
    cache: Path = Field(Path("~/.cache/hanse"), description="Folder of answers kept for reuse.")
    keep: Literal["nothing", "open", "all"] = Field(
        "open",
        description="Which answers are kept: none, those of open data, or governed ones too.",
    )
    purpose: str = Field("", description="Purpose sent with every question that names none.")
    lang: Literal["nl", "en", "fr"] = Field(
        "nl", description="Language that commands speak where `--lang` does not say."
    )
    deadline_seconds: float = Field(10.0, description="Longest time one question may take.", gt=0)
    engine: str = Field(
        "duckdb",
        description="What compares collected figures: duckdb, or sc://host:port of Spark Connect.",
    )
    s3_endpoint: str = Field(
        "", description="Address of an S3-compatible store for collected figures; else Amazon's."
    )


class ClientConfig(BaseModel):
    """Who signs in, with which key, where; `networks` are private networks to be reached."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    catalogue: str
    client_id: str = ""
    key: Path | None = None
    issuers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


def read_settings() -> ClientSettings:
    """Read the settings from the environment; `Invalid` names one that cannot be."""
    try:
        settings = ClientSettings()
    except ValidationError as fault:
        name = str(fault.errors()[0]["loc"][0]).upper()
        raise Invalid("CLIENT_SETTING", name=f"HANSE_{name}") from fault
    return settings.model_copy(
        update={
            "config": settings.config.expanduser(),
            "cache": settings.cache.expanduser(),
        }
    )


def read_config(path: Path) -> ClientConfig:
    """Read what `login` wrote; raises `NotFound` when nobody signed in here yet."""
    try:
        return ClientConfig.model_validate_json(path.read_bytes())
    except FileNotFoundError as fault:
        raise NotFound("CLIENT_LOGIN_FIRST", file=path.name) from fault
    except (OSError, ValidationError) as fault:
        raise Invalid("CLIENT_CONFIG", file=path.name) from fault


def write_config(path: Path, config: ClientConfig) -> None:
    """Write the file, whole or not at all, for its owner alone."""
    write_private(path, config.model_dump_json(indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, and give it its name when it is complete."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
