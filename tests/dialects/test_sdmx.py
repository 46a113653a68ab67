"""SDMX: messages that the schemas accept, and questions that select exactly what they say."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pysdmx.io.xml.doc_validation import validate_doc
from tests.support import golden

CSV = "application/vnd.sdmx.data+csv;version=2.0.0"
SPECIFIC = "application/vnd.sdmx.structurespecificdata+xml;version=2.1"
DATA = "/sdmx/3.0/data/dataflow/NIS41002/PROEF/1.0.0"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.served(tmp_path_factory.mktemp("golden")) as served:
        yield served


def ask(
    node: golden.Golden, path: str, accept: str = "*/*", caller: str = "nobody", lang: str = "en"
) -> httpx.Response:
    headers = {"Accept": accept, "Accept-Language": lang, **node.headers(caller)}
    return node.client.get(node.url + path, headers=headers)


def lines(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def truth_of(found: list[dict[str, str]]) -> golden.Truth:
    return {
        (row["INDICATOR"].lower(), *(row[name] for name in KEY)): (
            None if row["OBS_VALUE"] == "NaN" else float(row["OBS_VALUE"]),
            row["OBS_STATUS"],
        )
        for row in found
    }


KEY = ("AREA_LEVEL", "REF_AREA", "TIME_PERIOD", "SEX")

DOCUMENTS = [
    ("/sdmx/2.1/dataflow/all/all/latest", "*/*"),
    ("/sdmx/2.1/dataflow/NIS41002/PROEF/latest?references=all", "*/*"),
    ("/sdmx/2.1/datastructure/all/PROEF/latest/?references=children", "application/xml"),
    ("/sdmx/2.1/codelist/NIS41002/CL_PROEF_SEX", "*/*"),
    ("/sdmx/2.1/availableconstraint/PROEF", "*/*"),
    ("/sdmx/2.1/data/PROEF", "*/*"),
    ("/sdmx/2.1/data/PROEF?detail=serieskeysonly", "*/*"),
    ("/sdmx/2.1/data/PROEF?detail=nodata", "*/*"),
    ("/sdmx/2.1/data/ONBEKEND,PROEF,1,2", "*/*"),
    ("/sdmx/3.0/structure/dataflow/NIS41002/PROEF?references=all", "application/xml"),
    ("/sdmx/2.1/data/PROEF", SPECIFIC),
    (DATA, "application/vnd.sdmx.data+xml;version=3.0.0"),
    ("/sdmx/3.0/availability/dataflow/NIS41002/PROEF/1.0.0", "*/*"),
]


@pytest.mark.parametrize(("path", "accept"), DOCUMENTS)
def test_every_xml_message_is_valid_by_the_schemas_of_its_version(
    node: golden.Golden, path: str, accept: str
) -> None:
    answer = ask(node, path, accept)
    validate_doc(answer.text)


@pytest.mark.parametrize(
    ("path", "accept", "part", "other"),
    [
        ("/sdmx/2.1/data/PROEF", "*/*", "gen:SeriesKey>", "gen:Key>"),
        ("/sdmx/2.1/data/PROEF", SPECIFIC, "mes:Prepared>", "mes:Made>"),
        (DATA, "application/vnd.sdmx.data+xml;version=3.0.0", "mes:Prepared>", "mes:Made>"),
        ("/sdmx/2.1/codelist/NIS41002/CL_PROEF_SEX", "*/*", "str:Code ", "str:Kode "),
        (
            "/sdmx/3.0/structure/dataflow/NIS41002/PROEF?references=all",
            "application/xml",
            "str:Dataflow ",
            "str:Flow ",
        ),
    ],
)
def test_a_broken_message_is_not_valid(
    node: golden.Golden, path: str, accept: str, part: str, other: str
) -> None:
    text = ask(node, path, accept).text
    assert part in text
    for end in ("", "/"):
        text = text.replace(f"<{end}{part.rstrip(' ')}", f"<{end}{other.rstrip(' ')}")
    with pytest.raises(Exception, match=other.strip(" >").partition(":")[2]):
        validate_doc(text)


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
def test_names_come_in_the_language_of_the_reader(node: golden.Golden, lang: str) -> None:
    answer = ask(node, "/sdmx/2.1/dataflow/NIS41002/PROEF/latest?references=all", lang=lang)
    wanted = {"nl": "Inwoners", "en": "Inhabitants", "fr": "Habitants"}[lang]
    assert answer.headers["Content-Language"] == lang
    assert f'<com:Name xml:lang="{lang}">{wanted}</com:Name>' in answer.text


def test_an_area_keeps_its_other_name_and_a_code_its_source_spelling(node: golden.Golden) -> None:
    text = ask(node, "/sdmx/2.1/codelist/NIS41002/all/latest").text
    assert 'Antwerpen "met Borsbeek"' in re.sub("&quot;", '"', text)
    assert "hanse:name@gemeente@2024" in text
    assert "hanse:notation" in text


def test_csv_says_every_cell(node: golden.Golden) -> None:
    assert truth_of(lines(ask(node, DATA, CSV))) == node.truth()


def test_a_hidden_value_is_not_found_by_its_value(node: golden.Golden) -> None:
    for wanted in ("eq:3", "le:5", "ge:0", "ne:9"):
        found = lines(ask(node, f"{DATA}?c[OBS_VALUE]={quote(wanted)}", CSV))
        assert all(row["OBS_STATUS"] != "Q" for row in found)


QUESTIONS = [
    ("/sdmx/2.1/data/PROEF/A..41002._T.INW", lambda k: k[0] == "inw" and k[2] == "41002"),
    ("/sdmx/2.1/data/PROEF/..11002+41002.F+M.", lambda k: k[4] in "FM"),
    ("/sdmx/2.1/data/PROEF/all?startPeriod=2024", lambda k: k[3].startswith("2024")),
    ("/sdmx/2.1/data/PROEF/all?endPeriod=2023", lambda k: k[3] == "2023"),
]


@pytest.mark.parametrize(("path", "meant"), QUESTIONS)
def test_a_key_and_a_span_select_what_they_say(
    node: golden.Golden, path: str, meant: Callable[[golden.Key], bool]
) -> None:
    found = ask(node, path, "application/vnd.sdmx.data+csv;version=1.0.0")
    wanted = {
        key: cell
        for key, cell in node.truth().items()
        if meant(key) and ("._T." not in path or key[4] == "_T")
    }
    assert truth_of(lines(found)) == wanted


@pytest.mark.parametrize(
    ("path", "accept", "status", "code"),
    [
        ("/sdmx/2.1/data/PROEF/A", "*/*", 400, "140"),
        ("/sdmx/2.1/data/PROEF?periode=2023", "*/*", 400, "140"),
        ("/sdmx/2.1/data/PROEF?startPeriod=gisteren", "*/*", 400, "140"),
        ("/sdmx/2.1/data/PROEF/....NIETS", "*/*", 404, "100"),
        ("/sdmx/2.1/data/NERGENS", "*/*", 401, "110"),
        ("/sdmx/2.1/data/PROEF_DICHT", "*/*", 401, "110"),
        ("/sdmx/2.1/data/PROEF", "text/turtle", 406, "1006"),
        ("/sdmx/2.1/hutspot", "*/*", 501, "501"),
        ("/sdmx/2.1/categoryscheme/all/all/latest", "*/*", 404, "100"),
        (f"{DATA}?c[HUTSPOT]=x", "*/*", 400, "140"),
        (f"{DATA}?c[OBS_VALUE]=ge:veel", "*/*", 400, "140"),
        (f"{DATA}?limit=2", "*/*", 400, "140"),
        (f"{DATA}?measures=hutspot", "*/*", 400, "140"),
        (f"{DATA}?attributes=none", "application/xml", 400, "140"),
        ("/sdmx/2.1/data/PROEF?includeHistory=true", "*/*", 400, "140"),
        ("/sdmx/2.1/availableconstraint/PROEF?mode=hutspot", "*/*", 400, "140"),
    ],
)
def test_a_fault_is_told_in_the_standards_own_form(
    node: golden.Golden, path: str, accept: str, status: int, code: str
) -> None:
    answer = ask(node, path, accept)
    assert answer.status_code == status
    assert f'<mes:ErrorMessage code="{code}">' in answer.text
    validate_doc(answer.text)


def test_unknown_and_closed_are_told_alike(node: golden.Golden) -> None:
    closed = ask(node, "/sdmx/2.1/data/PROEF_DICHT")
    unknown = ask(node, "/sdmx/2.1/data/NERGENS_DICHT")
    assert (closed.status_code, closed.content) == (unknown.status_code, unknown.content)
    assert closed.headers["WWW-Authenticate"]


def test_an_empty_selection_of_the_new_family_has_no_content(node: golden.Golden) -> None:
    assert ask(node, f"{DATA}?c[SEX]=niemand", CSV).status_code == 204


def test_a_trailing_slash_is_no_other_address(node: golden.Golden) -> None:
    assert ask(node, DATA + "/", CSV).content == ask(node, DATA, CSV).content


@pytest.mark.parametrize("partner", list(golden.PARTNERS))
def test_a_partner_sees_its_part_and_is_told_of_no_code_beyond_it(
    node: golden.Golden, partner: str
) -> None:
    path = DATA.replace("PROEF", "PROEF_DICHT")
    assert truth_of(lines(ask(node, path, CSV, partner))) == node.truth(partner, golden.CLOSED)
    described = ask(
        node, "/sdmx/2.1/dataflow/all/PROEF_DICHT/latest?references=all", caller=partner
    ).text
    seen = {key[0].upper() for key in node.truth(partner, golden.CLOSED)}
    for indicator in golden.INDICATORS:
        assert (f'id="{indicator.id.upper()}"' in described) == (indicator.id.upper() in seen)


CODES = {
    "SEX": ["_T", "F", "M", "X"],
    "REF_AREA": ["11002", "41002", "11007", "99999"],
    "INDICATOR": ["INW", "SALDO", "LEERL", "OMZET"],
    "AREA_LEVEL": ["gemeente@2024", "gemeente@2025"],
}
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda code, value: code == value,
    "ne": lambda code, value: code != value,
    "ge": lambda code, value: code >= value,
    "lt": lambda code, value: code < value,
    "co": lambda code, value: value in code,
    "sw": lambda code, value: code.startswith(value),
}
CONDITION = st.sampled_from(sorted(CODES)).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.lists(
            st.tuples(st.sampled_from(sorted(OPERATORS)), st.sampled_from(CODES[name])),
            min_size=1,
            max_size=2,
        ),
        st.sampled_from(["+", ","]),
    )
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(conditions=st.lists(CONDITION, max_size=3, unique_by=lambda each: each[0]))
def test_filters_select_what_a_naive_reading_selects(
    node: golden.Golden, conditions: list[tuple[str, list[tuple[str, str]], str]]
) -> None:
    places = {"AREA_LEVEL": 1, "REF_AREA": 2, "SEX": 4}

    def code(key: golden.Key, name: str) -> str:
        return key[0].upper() if name == "INDICATOR" else key[places[name]]

    def meant(key: golden.Key) -> bool:
        return all(
            (all if joint == "+" else any)(
                OPERATORS[operator](code(key, name), value) for operator, value in each
            )
            for name, each, joint in conditions
        )

    said = "&".join(
        f"c%5B{name}%5D=" + quote(joint.join(f"{op}:{value}" for op, value in each), safe="")
        for name, each, joint in conditions
    )
    answer = ask(node, f"{DATA}?{said}", CSV)
    wanted = {key: cell for key, cell in TRUTH(node).items() if meant(key)}
    assert answer.status_code == (200 if wanted else 204)
    assert truth_of(lines(answer)) == wanted


_HELD: dict[str, golden.Truth] = {}


def TRUTH(node: golden.Golden) -> golden.Truth:  # noqa: N802 the truth does not change here
    if node.url not in _HELD:
        _HELD[node.url] = node.truth()
    return _HELD[node.url]


@settings(max_examples=40, deadline=None)
@given(path=st.text(st.sampled_from("abAC.+*,~:/%5B=&?c[]<>é\x00 0019"), max_size=40))
def test_no_address_makes_the_service_fail(node: golden.Golden, path: str) -> None:
    for family in ("2.1/data/PROEF", "3.0/data/dataflow/NIS41002/PROEF/1.0.0", "2.1", "3.0"):
        answer = node.client.get(f"{node.url}/sdmx/{family}/{quote(path, safe='/?&=%[]+,:*~')}")
        assert answer.status_code < 500 or answer.status_code == 501
