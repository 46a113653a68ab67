"""Which language an answer is in: the path of a page says it, else the caller's Accept-Language."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import Depends, Path

from hanse.errors import NotFound
from hanse.messages import LANGUAGES

NAMES: Mapping[str, str] = {"nl": "Nederlands", "en": "English", "fr": "Français"}

_MAX_RANGES = 20


def of_path(path: str) -> str | None:
    """Return the language a page's path starts with, or None for any other path."""
    head, _, _ = path[1:].partition("/")
    return head if head in LANGUAGES else None


def preferred(accept_language: str, default: str = "nl") -> str:
    """Return our language that Accept-Language weighs highest (RFC 9110 §12.5.4), or `default`."""
    weighed = [_weigh(part) for part in accept_language.split(",")[:_MAX_RANGES]]
    ours = [(weight, name) for name, weight in weighed if name in LANGUAGES and weight > 0]
    return max(ours, key=lambda pair: pair[0])[1] if ours else default


def _weigh(language_range: str) -> tuple[str, float]:
    name, _, parameter = language_range.strip().lower().partition(";")
    try:
        weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
    except ValueError:
        weight = 0.0
    return name.strip().partition("-")[0], weight


def of_scope(path: str, headers: Iterable[tuple[bytes, bytes]], default: str) -> str:
    """Return the language to answer a request in."""
    stated = of_path(path)
    if stated:
        return stated
    accepted = next((value for name, value in headers if name == b"accept-language"), b"")
    return preferred(accepted.decode("latin-1"), default)


def _language(lang: Annotated[str, Path()]) -> str:
    if lang not in LANGUAGES:
        raise NotFound("NOT_FOUND")
    return lang


PageLanguage = Annotated[str, Depends(_language)]
"""The `{lang}` of a page's path; any other first segment is a page that does not exist."""
