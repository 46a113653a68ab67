"""Which language a command speaks: the one of `--lang`, else of HANSE_LANG, else Dutch."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import typer

from hanse.errors import HanseError
from hanse.messages import LANGUAGES

OPTION = "--lang"


def spoken(given: str = "") -> str:
    """Return the language in force; refuses a given one that is not ours."""
    from hanse.client.settings import read_settings

    if given and given not in LANGUAGES:
        raise typer.BadParameter(", ".join(LANGUAGES))
    return given or read_settings().lang


def of_arguments(arguments: Sequence[str]) -> str:
    """Return the language of a command line as it was typed: the one its fault is told in."""
    after = pairwise(arguments)
    given = [value for name, value in after if name == OPTION]
    given += [each.partition("=")[2] for each in arguments if each.startswith(f"{OPTION}=")]
    try:
        return spoken(given[-1] if given else "")
    except (HanseError, typer.BadParameter):
        return LANGUAGES[0]


Lang = Annotated[
    str,
    typer.Option(OPTION, help="nl, en or fr; else HANSE_LANG, else nl.", callback=spoken),
]
