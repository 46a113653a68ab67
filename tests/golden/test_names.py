"""Real indicator sheets held against the naming rules: what stands is told, nothing is refused."""

import pytest
from tests.support.needs import shared_data

from hanse.cube.indicator import Indicator
from hanse.cube.naming import Named, check
from hanse.dialects.swing import decode

pytestmark = pytest.mark.needs("shared_data")


def sheet(*names: str) -> tuple[Indicator, ...]:
    folder = shared_data() / "swing_uploads"
    return tuple(decode({name: (folder / name).read_bytes() for name in names}).indicators)


def told(one: Indicator) -> dict[str, str]:
    name, description = one.name.get("nl", ""), one.description.get("nl", "")
    found = check(Named(one.id, name, description, one.unit, one.measure_type))
    return {each.code: each.instead for each in found}


def test_the_template_that_the_rules_come_with_follows_them() -> None:
    (template,) = sheet("template_Indicators_kolommen.xlsx")
    assert template.name["nl"] == "officiële statistiek van het aantal inwoners"
    assert told(template) == {}


def test_every_name_of_the_energy_sheet_starts_with_a_capital_and_lacks_a_description() -> None:
    indicators = sheet(
        "elektriciteit_gas_Indicators.xlsx", "elektriciteit_gas_statsec2019_upload.xlsx"
    )
    found = {one.id: told(one) for one in indicators}
    assert len(found) == 13
    assert found["vp2506_elek_res_n"] == {
        "NAMING_CAPITAL": "consumptie elektriciteit per residentiële klant",
        "NAMING_KIND": "[ratio]",
        "NAMING_UNIT_TOLD": "(kwh)",
    }
    assert found["v2506_gas_res_n"] == {
        "NAMING_CAPITAL": "consumenten gas residentieel",
        "NAMING_KIND": "[aantal]",
    }
    assert all({"NAMING_CAPITAL", "NAMING_KIND"} <= each.keys() for each in found.values())
