"""Words of the portal that depend on a value: ages, states, counts, texts per language."""

from collections.abc import Mapping

from hanse.messages import LANGUAGES, say
from hanse.messages import nearest as nearest
from hanse.wire import Harvest, MemberEntry

MINUTE, HOUR, DAY = 60, 3_600, 86_400

_STATES = {
    "fresh": ("PORTAL_FRESH", "good"),
    "stale": ("PORTAL_STALE", "warn"),
    "refused": ("PORTAL_REFUSED", "bad"),
    "never": ("PORTAL_NEVER", "warn"),
}


def nearest_language(text: Mapping[str, str], lang: str) -> str:
    """Return the language `nearest` answers in: a page marks text in another than its own."""
    return next((each for each in (lang, *LANGUAGES) if text.get(each)), lang)


def age(seconds: int | None, lang: str) -> str:
    """Return an age in words; empty when there is none."""
    if seconds is None:
        return ""
    if seconds < MINUTE:
        return say("AGE_NOW", lang)
    code, size = next(
        (code, size)
        for code, size in (("AGE_DAYS", 2 * DAY), ("AGE_HOURS", HOUR), ("AGE_MINUTES", MINUTE))
        if seconds >= size
    )
    return say(code, lang, count=seconds // min(size, DAY))


def state(harvest: Harvest, lang: str) -> tuple[str, str]:
    """Return what is known of a node in a word, and the class of its mark."""
    if harvest.alarm:
        return say("PORTAL_ALARM", lang), "bad"
    code, mark = _STATES[harvest.state]
    return say(code, lang), mark


def member_state(member: MemberEntry, lang: str) -> tuple[str, str]:
    """Return the state of a member's node; one that is not active says so instead."""
    if member.status == "active":
        return state(member.harvest, lang)
    return say(f"PORTAL_{member.status}".upper(), lang), "warn"


def counted(code: str, count: int, lang: str) -> str:
    """Return a counted text: `{code}_ONE` for one, `{code}_MANY` for any other number."""
    return say(f"{code}_{'ONE' if count == 1 else 'MANY'}", lang, count=count)
