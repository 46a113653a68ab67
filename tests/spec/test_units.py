"""Which units are of figures that are never added up, and which are of counts and amounts."""

import pytest

from hanse.cube.indicator import MeasureType
from hanse.cube.units import apart

APART = {
    MeasureType.SHARE: ("p", "%", "procent", "pct", "percentage", "% van de woningen", "per cent"),
    MeasureType.MEDIAN: ("mediaan", "median", "médiane"),
    MeasureType.MEAN: ("gemiddelde", "score_1", "Moyenne d'âge"),
    MeasureType.INDEX: ("coëfficiënt", "coefficient", "Index", "indice", "Gini", "indexcijfer"),
    MeasureType.RATE: (
        "promille",
        "ratio_1000",
        "per 1.000 inwoners",
        "pour 1 000 habitants",
        "euro per  inwoner",
        "€/m²",
        "personen per huishouden",
        "per uitkering",
    ),
}
ADDED = (
    *(
        "",
        "aantal",
        "personen",
        "kwh",
        "kWh/jaar",
        "kWh per jaar",
        "euro par an",
        "m2",
        "ha",
        "ton",
    ),
    *("percelen", "plaatsen", "punten", "indicatoren", "promoties", "perrons", "paar", "vte"),
)


@pytest.mark.parametrize(("kind", "unit"), [(k, u) for k, units in APART.items() for u in units])
def test_a_unit_of_what_is_no_sum_says_what_it_is(kind: MeasureType, unit: str) -> None:
    assert apart(unit) is kind


@pytest.mark.parametrize("unit", ADDED)
def test_a_unit_of_a_count_or_an_amount_may_be_added_up(unit: str) -> None:
    assert apart(unit) is None
