"""The home folder of a node: everything it is, in one place that can be copied and restored."""

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from hanse.auth.ring import write_secret
from hanse.errors import Conflict, Invalid, NotFound
from hanse.node.settings import NodeSettings
from hanse.policies.signatures import SigningKey

FOLDERS = ("data", "areas", "drafts", "keys", "views", "protocols")
KEY = Path("keys") / "node.jwk"
ENVIRONMENT = "node.env"

_VALUE = re.compile(r"[^\x00-\x1f\x7f\"'\\$`]{0,300}")


def init(home: Path, settings: Mapping[str, str]) -> SigningKey:
    """Make the folders, the signing key (only its owner reads it) and `node.env`.

    `settings` are names of `NodeSettings` with their values. Raises `Conflict` where a node lives
    already, `Invalid` for a setting that does not exist or cannot stand in the file; then nothing
    is made.
    """
    if (home / KEY).exists() or (home / ENVIRONMENT).exists():
        raise Conflict("HOME_EXISTS", home=home.name)
    lines = [_line(name, value) for name, value in settings.items() if value]
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in FOLDERS:
        (home / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / folder).chmod(0o700)  # it may have been there: drafts hold the true figures
    key = SigningKey.generate()
    write_secret(home / KEY, key.private_jwk())
    (home / ENVIRONMENT).write_text("".join(lines), "utf-8")
    return key


def _line(name: str, value: str) -> str:
    if name not in NodeSettings.model_fields:
        raise Invalid("SETTING_UNKNOWN", name=name[:60])
    if not _VALUE.fullmatch(value):
        raise Invalid("SETTING_VALUE", name=name)
    return f'HANSE_NODE_{name.upper()}="{value}"\n'


def signing_key(home: Path) -> SigningKey:
    """Return the node's signing key; `NotFound` where no node lives here."""
    try:
        return SigningKey.from_jwk((home / KEY).read_text("ascii"))
    except FileNotFoundError as fault:
        raise NotFound("HOME_UNKNOWN", home=home.name) from fault


def open_data_form(agency: str, kbo: str) -> str:
    """Return the protocol for open data that a new node starts with, as a review form."""
    text = (resources.files("hanse.policies") / "protocols" / "open-data.yaml").read_text("utf-8")
    return text.replace("{agency}", agency.lower()).replace("{kbo}", kbo)
