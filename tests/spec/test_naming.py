"""The naming rules of indicators: what breaks which rule, and what to write instead."""

from dataclasses import replace

import pytest

from hanse.cube.indicator import MeasureType
from hanse.cube.naming import Named, check
from hanse.messages import LANGUAGES

GOOD = Named(
    "v1101_18_24", "inwoners van 18 tot en met 24 jaar", "[aantal] inwoners (personen)",
    "personen", "count",
)  # fmt: skip

NAMES = [
    ("Inwoners", "count", "NAMING_CAPITAL", "inwoners"),
    ("Éénoudergezinnen", "count", "NAMING_CAPITAL", "éénoudergezinnen"),
    ("OCMW-cliënten", "count", "", ""),
    ("€ per inwoner", "count", "", ""),
    ("aantal inwoners", "count", "NAMING_UNIT", "inwoners"),
    ("percentage vrouwen (t.o.v. inwoners)", "share", "NAMING_UNIT", "vrouwen (t.o.v. inwoners)"),
    ("vrouwen (%) (t.o.v. inwoners)", "share", "NAMING_UNIT", "vrouwen (t.o.v. inwoners)"),
    ("vrouwen, aantal", "count", "NAMING_UNIT", "vrouwen"),
    ("vrouwen [aantal]", "count", "NAMING_UNIT", "vrouwen"),
    (
        "percentage van de vrouwen (t.o.v. inwoners)",
        "share",
        "NAMING_UNIT",
        "vrouwen (t.o.v. inwoners)",
    ),
    ("officiële statistiek van het aantal inwoners", "count", "", ""),
    ("vrouwen", "share", "NAMING_SHARE", "vrouwen (t.o.v. …)"),
    ("vrouwen (t.o.v. inwoners)", "share", "", ""),
    ("huisartsen", "rate", "NAMING_RATE", "huisartsen per 1.000 …"),
    ("huisartsen per 1.000 inwoners", "rate", "", ""),
    ("inkomen in EUR", "mean", "NAMING_EURO", "inkomen in €"),
    ("inkomen in euro", "mean", "NAMING_EURO", "inkomen in €"),
    ("inkomen in €", "mean", "", ""),
    ("artsen per 1000 inwoners", "rate", "NAMING_THOUSANDS", "artsen per 1.000 inwoners"),
    ("artsen per 10 000 inwoners", "rate", "NAMING_THOUSANDS", "artsen per 10.000 inwoners"),
    ("artsen per 100000 inwoners", "rate", "NAMING_THOUSANDS", "artsen per 100.000 inwoners"),
    ("woningen van voor 1945", "count", "", ""),
    ("verbruik v2501 en A1000", "amount", "", ""),
    ("verbruik, 1000", "amount", "NAMING_THOUSANDS", "verbruik, 1.000"),
    ("woningen van meer dan 1.000 m²", "count", "", ""),
    ("inwoners >=65 jaar", "count", "NAMING_SIGNS", "inwoners ≥65 jaar"),
    ("inwoners <= 17 jaar", "count", "NAMING_SIGNS", "inwoners ≤ 17 jaar"),
    ("inwoners (prognose)", "count", "NAMING_MADE", "inwoners [prognose]"),
    ("fietst [enquete] vaak", "count", "NAMING_MADE", "fietst vaak [enquête]"),
    ("inwoners [prognose]", "count", "", ""),
]


@pytest.mark.parametrize(("name", "kind", "code", "instead"), NAMES)
def test_a_name_that_breaks_a_rule_is_told_what_to_be(
    name: str, kind: str, code: str, instead: str
) -> None:
    one = replace(GOOD, id="x", name=name, measure_type=kind)
    told = {each.code: each.instead for each in check(one) if each.code != "NAMING_KIND"}
    assert told == ({code: instead} if code else {})
    better = replace(one, name=instead or name)
    assert {each.code for each in check(better)} <= {"NAMING_KIND"}


@pytest.mark.parametrize(
    ("changed", "code", "instead"),
    [
        ({"description": "inwoners (personen)"}, "NAMING_KIND", "[aantal] inwoners (personen)"),
        ({"description": "", "unit": ""}, "NAMING_KIND", "[aantal]"),
        ({"description": "[aantal] inwoners"}, "NAMING_UNIT_TOLD", "(personen)"),
        ({"description": "PROGNOSE [aantal] (personen)"}, "NAMING_MADE", f"{GOOD.name} [prognose]"),
        ({"description": "ENQUETE: [aantal] (personen)"}, "NAMING_MADE", f"{GOOD.name} [enquête]"),
        ({"surveyed": True}, "NAMING_MADE", f"{GOOD.name} [enquête]"),
        ({"id": "vp1101_18_24"}, "NAMING_PREFIX", "v1101_18_24"),
        ({"id": "VG1101"}, "NAMING_PREFIX", "v1101"),
        ({"id": "vs1101_in"}, "", ""),
        ({"id": "kubus2301_BO_woonplaats"}, "", ""),
        ({"id": "verhuisbewegingen"}, "", ""),
        ({"id": "v1101_" + "a" * 40}, "", ""),
        ({"id": "v1101_" + "a" * 41}, "NAMING_LENGTH", "v1101_" + "a" * 40),
        ({"unit": ""}, "", ""),
        ({"unit": "aantal", "description": "[aantal] inwoners"}, "", ""),
    ],
)
def test_description_and_code_follow_their_rules(
    changed: dict[str, object], code: str, instead: str
) -> None:
    found = [(each.code, each.instead) for each in check(replace(GOOD, **changed))]  # type: ignore[arg-type]
    assert found == ([(code, instead)] if code else [])


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("count", "aantal"), ("amount", "aantal"), ("share", "percentage"), ("rate", "ratio"),
        ("mean", "gemiddelde"), ("median", "mediaan"), ("index", "varia"), ("label", "varia"),
        ("a-kind-of-tomorrow", "varia"),
    ],
)  # fmt: skip
def test_a_description_starts_with_the_word_for_its_kind(kind: str, word: str) -> None:
    one = replace(GOOD, id="x", measure_type=kind, description="van mensen (personen)")
    told = {each.code: each.instead for each in check(one)}
    assert told["NAMING_KIND"] == f"[{word}] van mensen (personen)"
    assert kind in set(MeasureType) or kind == "a-kind-of-tomorrow"


def test_every_rule_speaks_three_languages_and_says_what_to_write() -> None:
    odd = Named("vp1101_" + "b" * 60, "Aantal huur >= 1000 EUR (model)", "van huur", "huur", "rate")
    found = check(replace(odd, measure_type="share"))
    every = [*found, *check(replace(odd, id="vg1101", measure_type="rate"))]
    assert len({each.code for each in every}) == 12
    for each in every:
        for lang in LANGUAGES:
            assert each.instead in each.say(lang)
            assert "{" not in each.say(lang)
