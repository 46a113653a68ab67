"""What is done about small numbers: hiding them, rounding them once, or noise by cell keys.

One population has one method. Exact figures beside perturbed ones, two roundings or two noises of
the same people give the small counts back by subtraction or by the mean, so these never meet.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from hanse.errors import Conflict, Invalid

SUPPRESS, ROUND_SMALL, CELL_KEY = "suppress", "round_small", "cell_key"
METHODS = (SUPPRESS, ROUND_SMALL, CELL_KEY)
BASE_MIN, BASE_MAX = 3, 100
DEVIATION_MIN, DEVIATION_MAX = 3, 50
_DECIMAL = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?\Z")
SECRET_BYTES_MIN = 16
"""A shorter secret can be guessed."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """Inner counts under `base` become 0 or `base`, once; every figure is a sum of those."""

    base: int = 5

    def __post_init__(self) -> None:
        if not BASE_MIN <= self.base <= BASE_MAX:
            raise Invalid("DISCLOSURE_PLAN", key="base", found=str(self.base))

    @property
    def name(self) -> str:
        """Return the word that a plan has for it."""
        return ROUND_SMALL

    @property
    def mark(self) -> str:
        """Return what recipients read about every figure."""
        return f"ROUND_SMALL_{self.base}"


@dataclass(frozen=True, slots=True)
class Spread:
    """How far figures may be off: at most `deviation`, by `variance` on average; never `absent`.

    No figure 1 … `absent` is ever shown; zero stays zero, and nothing falls below it.
    """

    deviation: int = 5
    variance: float = 1.0
    absent: int = 2

    def __post_init__(self) -> None:
        if not DEVIATION_MIN <= self.deviation <= DEVIATION_MAX:
            raise Invalid("DISCLOSURE_PLAN", key="deviation", found=str(self.deviation))
        if not 0 <= self.absent < self.deviation:
            raise Invalid("DISCLOSURE_PLAN", key="absent", found=str(self.absent))
        if not 0 < self.variance <= self.deviation**2:
            raise Invalid("DISCLOSURE_PLAN", key="variance", found=str(self.variance))

    @property
    def name(self) -> str:
        """Return the word that a plan has for it."""
        return CELL_KEY

    @property
    def mark(self) -> str:
        """Return what recipients read about every figure; never by how much it can be off."""
        return "CELL_KEY"


Perturbing = Rounding | Spread


def load_method(content: Any) -> Perturbing | None:
    """Return the method of a plan or profile: a word, or a mapping with `name`; None hides."""
    told = {"name": content} if isinstance(content, str) else content
    if not isinstance(told, Mapping) or told.get("name") not in METHODS:
        raise Invalid("DISCLOSURE_PLAN", key="method", found=str(content)[:80])
    name, rest = told["name"], {str(key): value for key, value in told.items() if key != "name"}
    kinds: dict[str, Any] = {ROUND_SMALL: Rounding, CELL_KEY: Spread}
    made = kinds.get(name)
    allowed = {each.name for each in fields(made)} if made else set()
    for key, value in rest.items():
        if key == "variance":
            rest[key] = _amount(value)
        whole = isinstance(rest[key], int) and not isinstance(value, bool)
        if key not in allowed or not (whole or isinstance(rest[key], float)):
            raise Invalid("DISCLOSURE_PLAN", key=key[:40], found=str(value)[:80])
    found: Perturbing | None = made(**rest) if made else None
    return found


def said_method(method: Perturbing) -> str | dict[str, str | int]:
    """Return how a plan or profile says a method: a word, with its parameters where they differ.

    `load_method` reads it back. Numbers with decimals are text: what is signed has no floats.
    """
    own: dict[str, str | int] = {
        each.name: value if isinstance(value := getattr(method, each.name), int) else f"{value:g}"
        for each in fields(method)
    }
    return method.name if method == type(method)() else {"name": method.name, **own}


def _amount(value: object) -> object:
    """Return a number with decimals, which a plan may hold as text: a strict form has no floats."""
    if isinstance(value, str) and _DECIMAL.match(value):
        return float(value)
    return value


def seed_of(secret: bytes) -> int:
    """Return the number that figures are drawn by; raise Invalid for a secret that is too short."""
    if len(secret) < SECRET_BYTES_MIN:
        raise Invalid("DISCLOSURE_SECRET", found=len(secret), limit=SECRET_BYTES_MIN)
    return int.from_bytes(hashlib.sha256(b"hanse disclosure " + secret).digest())


def fingerprint(secret: bytes, about: bytes = b"") -> str:
    """Return what tells two secrets apart, and nothing else about them.

    With `about` it tells these bytes apart too, to whoever has the secret.
    """
    said = b"hanse disclosure fingerprint" + about
    return hmac.new(secret, said, hashlib.sha256).hexdigest()


def check_unmixed(here: Mapping[str, object], other: Mapping[str, object]) -> None:
    """Raise Conflict where two certificates of one population cannot stand beside each other.

    Both are what travels. Hidden tables stand beside hidden ones; perturbed ones only beside those
    of the same method, the same secret and the same dimensions.
    """
    for name in ("method", "sdc_method", "secret_sha256", "dimensions_sha256"):
        mine, theirs = (str(each.get(name, "")) for each in (here, other))
        if mine != theirs:
            raise Conflict(
                "DISCLOSURE_MIXED",
                method=str(here.get("method", SUPPRESS)),
                other=str(other.get("method", SUPPRESS)),
                what=name,
            )
