"""Survey workbooks as a city delivers them: quadruplets with the indicator sheet beside them."""

from collections.abc import Mapping, Sequence

from tests.support.workbooks import HEAD

SHEET = (
    "Onderwerpcode", "Naam", "Eenheid", "Bron", "Datatype", "Aggregatie-onderwerp", "Beschrijving",
    "Steekproef-onderwerp", "Drempelwaarde", "Drempel-onderwerp", "Formule", "Vraag", "Afnamewijze",
)  # fmt: skip
QUESTION, MODE = "Voelt u zich veilig in uw buurt?", "post en web"
Answers = tuple[float, float, float]
"""Weighted numerator, weighted denominator, unweighted answers."""


def described(code: str = "VEILIG", question: str = QUESTION) -> list[Sequence[object]]:
    """Return the four rows of one question, in the words of the vendor's sheet."""
    behind = [
        (f"{code}_{end}", "achtergrondonderwerp", "aantal", "enq", "standaard", "", "", "", "", "",
         "", "", "")
        for end in ("gt", "gn", "n")
    ]  # fmt: skip
    result = (
        f"{code}_p", "veilig in de buurt [enquête]", "p", "enq", "Percentage", f"{code}_gn",
        "ENQUETE [percentage] wie zich veilig voelt", f"{code}_n", 79, f"{code}_n",
        f"{code}_gt/{code}_gn*100", question, MODE,
    )  # fmt: skip
    return [*behind, result]


def book(
    figures: Mapping[tuple[str, str, str], Answers], code: str = "VEILIG", question: str = QUESTION
) -> dict[str, Sequence[Sequence[object]]]:
    """Return the sheets of one question; figures stand by (period, level, area)."""
    head = (*HEAD, *(f"{code}_{end}" for end in ("gt", "gn", "n")))
    rows = [(*place, *answers) for place, answers in figures.items()]
    return {"data": [head, *rows], "Onderwerpen": [SHEET, *described(code, question)]}
