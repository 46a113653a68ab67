"""What a peer's answer means: a body in the agreed shape, or one of our words with its reason."""

import unicodedata
from collections.abc import Collection
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from hanse.errors import (
    HanseError,
    Invalid,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from hanse.outbound import Answer, strict_json

Model = TypeVar("Model", bound=BaseModel)
TOLD_CHARACTERS: Final = 400


def expect(answer: Answer, statuses: Collection[int] = (200,)) -> Answer:
    """Return an answer that has one of these statuses; raise the word that any other means."""
    if answer.status in statuses:
        return answer
    raise word(answer)


def read(model: type[Model], answer: Answer) -> Model:
    """Read a body; fields that we do not know are left aside, for a peer may be newer than we."""
    try:
        return model.model_validate(answer.json(), extra="ignore")
    except (ValidationError, RecursionError) as fault:
        raise Invalid("OUTBOUND_JSON", peer=answer.peer) from fault


def read_statement(model: type[Model], content: bytes, peer: str) -> Model:
    """Read signed content; an unknown field is refused, for it may change the meaning."""
    try:
        return model.model_validate(strict_json(content, peer))
    except (ValidationError, RecursionError) as fault:
        raise Invalid("OUTBOUND_JSON", peer=peer) from fault


def word(answer: Answer) -> HanseError:
    """Return what an answer that is not the wanted one means, with the peer's own reason in it."""
    told = _problem(answer)
    if answer.status == 401:
        return Unauthenticated("PEER_SIGN_IN", peer=answer.peer)
    if answer.status == 403:
        return Refused("PEER_REFUSED", peer=answer.peer, **told)
    if answer.status in {404, 410}:
        return NotFound("PEER_ABSENT", peer=answer.peer)
    if answer.status == 429 or answer.status >= 500:
        return Unavailable("PEER_BUSY", peer=answer.peer, status=answer.status)
    return Invalid("PEER_INVALID", peer=answer.peer, status=answer.status, **told)


def _problem(answer: Answer) -> dict[str, str]:
    """Take the reason out of problem details (RFC 9457), tamed: it is a stranger's text."""
    try:
        document = answer.json()
    except Invalid:
        document = {}
    known = document if isinstance(document, dict) else {}
    told = {name: tame(known.get(name)) for name in ("code", "detail", "why", "now", "decision")}
    return {**told, "detail": told["detail"] or told["code"] or str(answer.status)}


def tame(text: object, most: int = TOLD_CHARACTERS) -> str:
    """Return text of a peer without control characters: it may be shown on a terminal."""
    if not isinstance(text, str):
        return ""
    kept = (" " if each.isspace() else each for each in text[:most])
    return "".join(each for each in kept if unicodedata.category(each)[0] != "C").strip()
