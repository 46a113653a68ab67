"""Tax declarations as they are really loaded: a node that holds the upload as a draft."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import python_calamine
from tests.support.houses import hanse, hanse_json
from tests.support.needs import shared_data
from tests.support.workbooks import workbook

DATASET, PART, WHOLE = "aangiften", "deelgemeente@2024", "gemeente@2024"
UPLOAD = "Aangiften_deelgemeente.xlsx"
NOT_ADDED = ("v1210_aang_mediaan", "v1210_ikcaang", "v1210_ikaaang", "v1210_nettoink_persoon_Belg")
"""A median, two spreads and an amount per person: nothing of them adds up."""


@dataclass(frozen=True)
class Loaded:
    """A node with the upload as a draft: what the import said, and what the checks found."""

    home: Path
    said: dict[str, Any]
    found: list[dict[str, Any]]


def upload() -> tuple[list[str], list[list[object]]]:
    path = shared_data() / "swing_uploads" / UPLOAD
    head, *body = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return [str(each) for each in head], [list(row) for row in body]


def sheet(codes: list[str]) -> bytes:
    """Return the least indicator sheet by which the figures add up, or do not."""
    head = ("Indicator code", "Name", "Description", "Unit", "Source", "Data type", "Period type",
            "Aggregate geoitems")  # fmt: skip
    rows = [
        (code, code.lower(), "[aantal] aangiften", "aantal", "Statbel",
         *(("Mean", "Pending", "0") if code in NOT_ADDED else ("Numeric", "Pending", "1")))
        for code in codes
    ]  # fmt: skip
    return workbook({"Indicators": [head, *rows]})


def loaded(folder: Path) -> Loaded:
    """Load the upload into a new node, added up to municipalities; its findings are accepted."""
    home, described = folder / "node", folder / "onderwerpen.xlsx"
    described.write_bytes(sheet([code for code in upload()[0] if code.startswith("v1210")]))
    at = ("--home", home)
    who = ("--agency", "NIS41002", "--name", "Aalst", "--kbo", "0207437468")
    hanse("init", home, *who, "--approvals", "none")
    hanse("areas", "import", shared_data() / "pinc_areas", *at)
    said = hanse_json(
        "import", "swing", shared_data() / "swing_uploads" / UPLOAD, "--indicators", described,
        "--dataset", DATASET, "--title", "Aangiften", "--theme", "inkomen",
        "--description", "Fiscale aangiften.", "--profile", "open-0", "--roll-up", WHOLE,
        "--as", "an", *at,
    )  # fmt: skip
    found = hanse_json("check", DATASET, *at, status=1)["datasets"][0]["findings"]
    reason = "Zo heeft de bron het gepubliceerd; gem staat hier voor gemeenschappelijk."
    taken = ("--accept", "R018", "--accept", "R010", "--reason", reason, "--as", "bo")
    hanse("check", DATASET, *taken, *at)
    return Loaded(home, said, found)
