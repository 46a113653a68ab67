"""Which form a reader gets, by what it accepts (RFC 9110 §12.5.1)."""

import pytest

from hanse.dialects.media import NotAcceptable, accepted

JSON, CSV, XLSX = "application/json", "text/csv", "application/x-sheet"
OFFERED = {JSON: "json", CSV: "csv", XLSX: "xlsx"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"

CHOSEN = [
    ("", "json"),
    ("*/*", "json"),
    ("*", "json"),
    ("text/html, image/gif, *; q=.2, */*; q=.2", "json"),
    (BROWSER, "json"),
    ("application/*", "json"),
    ("text/*", "csv"),
    ("TEXT/CSV", "csv"),
    ("text/csv, application/json", "csv"),
    ("application/json, text/csv", "json"),
    ("text/csv;q=0.5, application/json;q=0.6", "json"),
    ("text/csv;q=0.6, application/json;q=0.5", "csv"),
    ("text/csv, */*", "csv"),
    ("*/*, text/csv", "csv"),
    ("*/*;q=0.9, text/csv;q=0.2", "json"),
    ("*/*, application/json;q=0", "csv"),
    ("text/csv;header=absent", "csv"),
    ("application/json;odata.metadata=minimal;q=1.0, text/plain;q=0.7", "json"),
    ('application/json;profile="a,b"', "json"),
    ("image/png, application/x-sheet", "xlsx"),
    (", ,", "json"),
]
REFUSED = [
    "image/png",
    "image/*",
    "text/html",
    "application/json;q=0",
    "application/json;q=0, */*;q=0",
    "text/csv;q=none",
    "application/json;q=nan",
    "json",
    "application/jsonl",
    "*/json",
]


@pytest.mark.parametrize(("accept", "form"), CHOSEN)
def test_the_form_is_the_one_that_the_reader_weighs_highest(accept: str, form: str) -> None:
    assert accepted(accept, OFFERED) == form


@pytest.mark.parametrize("accept", REFUSED)
def test_what_is_not_made_is_refused_with_what_is(accept: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        accepted(accept, OFFERED)
    assert refused.value.code == "MEDIA_NOT_OFFERED"
    assert refused.value.parameters["choice"] == ", ".join(OFFERED)
    assert refused.value.parameters["given"] == accept


def test_a_field_of_control_characters_is_not_repeated() -> None:
    with pytest.raises(NotAcceptable) as refused:
        accepted("image/\x1b[31mpng", OFFERED)
    assert refused.value.parameters["given"] == "?"
