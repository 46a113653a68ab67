"""Reads a node's signed snapshot: the signature first, then its form, then every entry. Pure.

One wrong entry refuses the snapshot whole, with the entry and the reason, so that an index never
holds half of what a node meant.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from hanse.cube.period import read_period
from hanse.errors import HanseError, Invalid
from hanse.messages import LANGUAGES
from hanse.outbound import strict_json
from hanse.policies.canonical import digest
from hanse.policies.signatures import FEED, verify
from hanse.wire import DatasetEntry, Feed, IndicatorEntry, Tombstone

MOST_DATASETS = 2_000
MOST_INDICATORS = 20_000
MOST_TOMBSTONES = 10_000
MOST_PERIODS = 2_000
MOST_LEVELS = 50
MOST_KEYWORDS = 50
LONGEST_NAME = 300
LONGEST_TEXT = 10_000
LONGEST_CODE = 64
LAST_SEQUENCE = 2**53 - 1
LAST_RELEASE = 2**31 - 1

_INDICATOR_ID = re.compile(r"[a-z][a-z0-9_]{0,45}")
_LEVEL_ID = re.compile(r"[a-z][a-z0-9_]{0,31}@[0-9]{4}")
_HIDDEN_SIGNS = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_PROSE_SIGNS = frozenset("\n\r\t\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a node is to the catalogue: what its snapshot must agree with, and its public keys."""

    agency: str
    base_url: str
    keys: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that was signed by its node and holds only good entries."""

    feed: Feed
    digest: str


def read(statement: str, identity: Identity) -> Snapshot:
    """Return the snapshot in a compact JWS.

    Raises `Invalid`: STATEMENT_SIGNATURE, OUTBOUND_JSON, FEED_SHAPE, FEED_IDENTITY, FEED_LIMIT or
    FEED_ENTRY.
    """
    content = verify(statement.strip(), FEED, identity.keys)
    document = strict_json(content, identity.agency)
    try:
        feed = Feed.model_validate(document)
    except ValidationError as fault:
        where = ".".join(str(step) for step in fault.errors()[0]["loc"])
        raise Invalid("FEED_SHAPE", agency=identity.agency, where=where[:200]) from fault
    _check_identity(feed, identity)
    _check_limits(feed)
    for dataset in feed.datasets:
        _check_dataset(dataset)
    for tombstone in feed.tombstones:
        _check_tombstone(tombstone)
    return Snapshot(feed, digest(content))


def _check_identity(feed: Feed, identity: Identity) -> None:
    same = feed.agency == identity.agency
    if not same or feed.base_url.rstrip("/") != identity.base_url.rstrip("/"):
        raise Invalid("FEED_IDENTITY", agency=identity.agency)


def _check_limits(feed: Feed) -> None:
    _limit("datasets", len(feed.datasets), MOST_DATASETS)
    _limit("indicators", sum(len(each.indicators) for each in feed.datasets), MOST_INDICATORS)
    _limit("tombstones", len(feed.tombstones), MOST_TOMBSTONES)
    _limit("sequence", feed.sequence, LAST_SEQUENCE)
    for text in (feed.name, feed.kbo, feed.software):
        _plain("feed", text, LONGEST_NAME)
    if feed.sequence < 1:
        raise Invalid("FEED_SHAPE", agency=feed.agency, where="sequence")
    _once("", "dataset", (each.slug for each in feed.datasets))


def _check_dataset(dataset: DatasetEntry) -> None:
    slug = dataset.slug
    _limit(f"{slug}: periods", len(dataset.periods), MOST_PERIODS)
    _limit(f"{slug}: levels", len(dataset.levels), MOST_LEVELS)
    if dataset.current:
        _limit(f"{slug}: release_no", dataset.current.release_no, LAST_RELEASE)
        _plain(slug, dataset.current.release_id, LONGEST_CODE)
    _check_named(slug, dataset.title, dataset.description, dataset.keywords)
    _once(slug, "indicator", (each.id for each in dataset.indicators))
    named = (dataset.theme, dataset.licence, dataset.contact, dataset.profile)
    for code in (*named, dataset.contract_version):
        _plain(slug, code, LONGEST_NAME)
    for level in dataset.levels:
        _entry(slug, "level", level, _LEVEL_ID.fullmatch(level) is not None)
    for period in dataset.periods:
        _entry(slug, "period", period, _is_period(period))
    for indicator in dataset.indicators:
        _check_indicator(slug, indicator)


def _check_indicator(slug: str, indicator: IndicatorEntry) -> None:
    place = f"{slug}/{indicator.id}"
    good = _INDICATOR_ID.fullmatch(indicator.id) is not None
    _entry(slug, "indicator", indicator.id, good)
    _check_named(place, indicator.name, indicator.description, indicator.keywords)
    for code in _codes(indicator):
        _plain(place, code, LONGEST_NAME)
    _limit(f"{place}: breaks", len(indicator.breaks), MOST_PERIODS)
    _prose(place, indicator.source)
    if indicator.concept is not None:
        good = _INDICATOR_ID.fullmatch(indicator.concept.partition("@")[0]) is not None
        _entry(place, "concept", indicator.concept, good)


def _codes(indicator: IndicatorEntry) -> tuple[str, ...]:
    """Return every short text of an indicator that its readers may see."""
    return (
        indicator.unit,
        indicator.measure_type,
        indicator.aggregation,
        indicator.theme,
        indicator.definition_version,
        indicator.reference_point,
        indicator.method,
        indicator.sdc_method,
        indicator.version,
        indicator.state,
        indicator.successor or "",
        indicator.sunset_date,
        *indicator.breaks,
    )


def _check_tombstone(tombstone: Tombstone) -> None:
    place = f"tombstone {tombstone.kind}"
    _plain(place, tombstone.id, 200)
    _limit(f"{place}: release_no", tombstone.release_no, LAST_RELEASE)
    for text in tombstone.reason.values():
        _prose(place, text)


def _check_named(
    place: str, name: Mapping[str, str], description: Mapping[str, str], keywords: Sequence[str]
) -> None:
    _entry(place, "name", "", any(name.get(lang, "").strip() for lang in LANGUAGES))
    _limit(f"{place}: keywords", len(keywords), MOST_KEYWORDS)
    for lang in (*name, *description):
        _entry(place, "language", lang, lang in LANGUAGES)
    for text in name.values():
        _plain(place, text, LONGEST_NAME)
        _entry(place, "script", text, not mixes_scripts(text))
    for text in description.values():
        _prose(place, text)
    for text in keywords:
        _plain(place, text, LONGEST_NAME)


def mixes_scripts(text: str) -> bool:
    """Say whether one word mixes alphabets: how a look-alike name is made (Unicode TR 39, 5.1)."""
    words = re.split(r"[^\w]|[\d_²³]", text)
    return any(len({_alphabet(sign) for sign in word}) > 1 for word in words)


def deceives(text: str) -> bool:
    """Say whether a name could look like another, or like none: mixed, not NFC, or unseen."""
    return mixes_scripts(text) or _unseen(text) or not text.strip()


def _alphabet(sign: str) -> str:
    return unicodedata.name(sign, "?").partition(" ")[0]


def _plain(place: str, text: str, longest: int) -> None:
    """Refuse a code or name that could look like another: not NFC, or with signs nobody sees."""
    _limit(f"{place}: text", len(text), longest)
    _entry(place, "text", "", not _unseen(text))


def _unseen(text: str) -> bool:
    hidden = any(unicodedata.category(sign) in _HIDDEN_SIGNS for sign in text)
    return hidden or not unicodedata.is_normalized("NFC", text)


def _prose(place: str, text: str) -> None:
    """Refuse a text that turns its reader's line or holds controls; soft hyphens are no deceit."""
    _limit(f"{place}: text", len(text), LONGEST_TEXT)
    hidden = any(
        unicodedata.category(sign) in _HIDDEN_SIGNS and sign not in _PROSE_SIGNS for sign in text
    )
    _entry(place, "text", "", not hidden)


def _is_period(text: str) -> bool:
    try:
        return str(read_period(text)) == text
    except HanseError:
        return False


def _once(place: str, kind: str, ids: Iterable[str], key: Callable[[str], str] = str.lower) -> None:
    seen: set[str] = set()
    for each in ids:
        _entry(place, f"{kind} twice", each, key(each) not in seen)
        seen.add(key(each))


def _limit(what: str, found: int, most: int) -> None:
    if found > most:
        raise Invalid("FEED_LIMIT", what=what[:200], found=found, most=most)


def _entry(place: str, kind: str, value: str, good: bool) -> None:
    if not good:
        shown = value[:LONGEST_CODE].encode("ascii", "backslashreplace").decode("ascii")
        raise Invalid("FEED_ENTRY", place=place or "feed", kind=kind, value=shown)
