"""What is believed of a stream of cells, what a reader types, and how a table becomes a file."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from joserfc.jwk import ECKey, OKPKey
from pyarrow import csv, parquet
from tests.support.tiny_node import Row, cells

from hanse.client.answers import tame
from hanse.client.cells import read_cells
from hanse.client.expressions import AreaChoice, periods
from hanse.client.keys import ClientKey
from hanse.client.question import Question
from hanse.client.settings import ClientConfig, read_config, write_config
from hanse.dialects.figures import formats, write
from hanse.errors import HanseError, Invalid, NotFound

ROWS: list[Row] = [("v1", "gemeente@2025", "41002", "2021", 1.5, "A")]


def stream(table: pa.Table, codec: str | None = None) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize("coded", [False, True])
def test_cells_are_read_as_they_were_sent(coded: bool) -> None:
    sent = cells(ROWS, SEX="F")
    if coded:
        sent = pa.table(
            {
                name: sent.column(name).dictionary_encode() if name != "obs_value" else sent[name]
                for name in sent.column_names
            }
        )
    assert read_cells(stream(sent), "peer").equals(cells(ROWS, SEX="F"))


def test_a_small_stream_that_unfolds_is_refused_by_its_metadata() -> None:
    rows: list[Row] = [("v1", "gemeente@2025", "41002", "2021", 0.0, "A")] * 50_000
    wide = cells(rows)
    coded = wide.set_column(0, "indicator", wide.column("indicator").dictionary_encode())
    for table in (wide, coded):
        squeezed = stream(table, "zstd")
        assert len(squeezed) < len(stream(table)) / 3
        with pytest.raises(Invalid, match="ANSWER_CELLS"):
            read_cells(squeezed, "peer")


@pytest.mark.parametrize(
    ("text", "rows"), [("a" * 257, 1), ("a" * 250, 700_000)], ids=["one long text", "many rows"]
)
def test_a_small_stream_whose_dictionary_unfolds_is_refused(text: str, rows: int) -> None:
    codes = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array([text]))
    values = pa.array([0.0] * rows)
    names = cells(ROWS).column_names
    table = pa.table({name: values if name == "obs_value" else codes for name in names})
    with pytest.raises(Invalid, match="ANSWER_CELLS"):
        read_cells(stream(table), "peer")


def wrong_streams() -> dict[str, bytes]:
    good = cells(ROWS)
    forged = pa.DictionaryArray.from_arrays(pa.array([7], pa.int32()), pa.array(["v1"]), safe=False)
    return {
        "no stream": b"hello",
        "nothing": b"",
        "cut": stream(good)[:100],
        "a column more": stream(good.append_column("note", pa.array(["x"]))),
        "a column less": stream(good.drop_columns(["conf_status"])),
        "other order": stream(good.select(list(reversed(good.column_names)))),
        "whole numbers": stream(good.set_column(4, "obs_value", pa.array([1], pa.int64()))),
        "text of bytes": stream(good.set_column(2, "area", pa.array([b"41002"]))),
        "index outside its dictionary": stream(good.set_column(0, "indicator", forged)),
        "invalid text": stream(good).replace(b"41002", b"\xff\xfe002"),
    }


@pytest.mark.parametrize("case", sorted(wrong_streams()))
def test_a_stream_that_cannot_be_trusted_is_refused_whole(case: str) -> None:
    with pytest.raises(Invalid, match="ANSWER_CELLS"):
        read_cells(wrong_streams()[case], "peer")


@pytest.mark.parametrize(
    ("text", "level", "codes"),
    [
        ("", "", ()),
        ("11002", "", ("11002",)),
        ("11002,41002,11002", "", ("11002", "41002")),
        ("gemeente:11002", "gemeente", ("11002",)),
        ("gemeente@2025:11002, 41002", "gemeente@2025", ("11002", "41002")),
        ("gemeente", "gemeente", ()),
        ("statsec2019:11002A00-", None, ()),
        ("gemeente:11002;drop", None, ()),
        ("Gemeente:11002", None, ()),
        (",", None, ()),
        ("a:b:c", None, ()),
        (",".join(str(number) for number in range(2_001)), None, ()),
    ],
)
def test_areas_are_read_or_refused(text: str, level: str | None, codes: tuple[str, ...]) -> None:
    if level is None:
        with pytest.raises(Invalid, match="AREA_EXPRESSION"):
            AreaChoice.parse(text)
    else:
        assert AreaChoice.parse(text) == AreaChoice(level, codes)


def test_the_newest_vintage_is_meant_where_none_is_named() -> None:
    levels = ["gemeente@2024", "gemeente@2025", "wijk@2025"]
    assert AreaChoice("gemeente").level_among(levels) == "gemeente@2025"
    assert AreaChoice("gemeente@2024").level_among(levels) == "gemeente@2024"
    assert AreaChoice().level_among(levels, "wijk") == "wijk@2025"
    with pytest.raises(NotFound, match="LEVEL_ABSENT"):
        AreaChoice("provincie").level_among(levels)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("", ""),
        (":", ""),
        ("2021", "2021"),
        ("2018:2021", "2018:2021"),
        ("2015:", "2015:"),
        (":2020", ":2020"),
        ("2024KW1:2024-Q3", "2024-Q1:2024-Q3"),
    ],
)
def test_periods_are_spelled_in_one_way(text: str, spelled: str) -> None:
    assert periods(text) == spelled


@pytest.mark.parametrize("text", ["last year", "2018:2019:2020", "2018-13", "2018;"])
def test_a_period_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="PERIOD_UNKNOWN"):
        periods(text)


def test_a_question_is_spelled_in_one_order() -> None:
    question = Question(
        "energie",
        ("v1", "v2"),
        level="gemeente@2025",
        areas=("11002",),
        periods="2018:2021",
        breakdowns={"SEX": ("M",), "AGE": ("Y1", "Y2")},
        release="2025.1",
        permitted=True,
    )
    assert question.target("arrow") == (
        "/v1/datasets/energie/data?indicator=v1,v2&level=gemeente@2025&area=11002&period=2018:2021"
        "&AGE=Y1,Y2&SEX=M&release=2025.1&extent=permitted&format=arrow"
    )
    assert question.digest("n", "a", "arrow") != question.digest("n", "b", "arrow")


def table() -> pa.Table:
    return pa.table(
        {
            "area": ["41002", "=HYPERLINK(1)", "\u200b@x"],
            "obs_value": pa.array([-1.5, None, 2.0], pa.float64()),
        }
    )


def test_every_format_gives_the_same_figures_back() -> None:
    assert formats() >= {"csv", "json", "parquet", "arrow"}
    wanted = table().to_pydict()
    assert parquet.read_table(io.BytesIO(write(table(), "parquet"))).to_pydict() == wanted
    assert pa.ipc.open_stream(write(table(), "arrow")).read_all().to_pydict() == wanted
    assert json.loads(write(table(), "json"))["data"] == wanted
    with pytest.raises(Invalid, match="FILE_FORMAT_UNKNOWN"):
        write(table(), "doc")


def test_a_spreadsheet_is_given_no_formula() -> None:
    read = csv.read_csv(io.BytesIO(write(table(), "csv")))
    assert read.column("area").to_pylist() == ["41002", "'=HYPERLINK(1)", "'\u200b@x"]
    assert read.column("obs_value").to_pylist() == [-1.5, None, 2.0]


def test_a_workbook_holds_text_as_text() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(io.BytesIO(write(table(), "xlsx"))).active
    assert [cell.data_type for cell in sheet["A"]] == ["s", "s", "s", "s"]
    assert [cell.value for cell in sheet["B"]] == ["obs_value", -1.5, None, 2]


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_key_is_kept_for_its_owner_alone(tmp_path: Path, algorithm: str) -> None:
    file = tmp_path / "new" / "key.jwk"
    made = ClientKey.generate(algorithm)  # type: ignore[arg-type]
    made.write(file)
    assert file.stat().st_mode & 0o077 == 0
    read = ClientKey.read(file)
    assert (read.kid, read.algorithm) == (made.kid, algorithm)
    assert "d" not in read.public_jwk()
    file.chmod(0o644)
    with pytest.raises(Invalid, match="CLIENT_KEY_OPEN"):
        ClientKey.read(file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"kty": "oct", "k": "AA"}',
        json.dumps(ECKey.generate_key("P-384").as_dict(private=True)),
        json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False)),
        json.dumps(OKPKey.generate_key("X25519").as_dict(private=True)),
    ],
    ids=["empty", "nothing in it", "list", "symmetric", "P-384", "public only", "X25519"],
)
def test_a_key_that_no_issuer_accepts_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key.jwk"
    file.touch(mode=0o600)
    file.write_text(text)
    with pytest.raises(Invalid, match="CLIENT_KEY_UNREADABLE"):
        ClientKey.read(file)


def test_what_login_wrote_is_read_back_and_anything_else_is_one_fault(tmp_path: Path) -> None:
    file = tmp_path / "client.json"
    config = ClientConfig(
        catalogue="https://c.example", client_id="p", issuers=("https://c.example",)
    )
    with pytest.raises(NotFound, match="CLIENT_LOGIN_FIRST"):
        read_config(file)
    write_config(file, config)
    assert read_config(file) == config
    assert file.stat().st_mode & 0o077 == 0
    file.write_text('{"catalogue": 1}')
    with pytest.raises(HanseError, match="CLIENT_CONFIG"):
        read_config(file)
    with pytest.raises(NotFound, match="CLIENT_KEY_ABSENT"):
        ClientKey.read(tmp_path / "none.jwk")


def test_a_peers_text_cannot_steer_a_terminal() -> None:
    assert tame("a\x1b[2Jb\r\nc\u202ed") == "a[2Jb  cd"
    assert tame(None) == ""
    assert len(tame("x" * 1_000)) == 400
