"""Delta Sharing: lists, versions, changes and faults in the protocol's own form."""

import json
from collections.abc import Iterator

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import golden, shares

ROOT = "/delta/for/beleid"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[golden.Golden]:
    with golden.in_state(tmp_path_factory.mktemp("golden"), "second") as served:
        yield served


@pytest.fixture(scope="module")
def partner(node: golden.Golden) -> dict[str, str]:
    return shares.bearer(shares.token(node, "provincie")[0])


def get(
    node: golden.Golden, path: str, headers: dict[str, str] | None = None, **given: str
) -> httpx.Response:
    return node.client.get(f"{node.url}{ROOT}/{path}", headers=headers, params=given)


def query(
    node: golden.Golden, body: object, headers: dict[str, str], dataset: str = golden.OPEN
) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    address = f"{node.url}{ROOT}/{shares.place(dataset)}/query"
    held = {"Content-Type": "application/json", **headers}
    return node.client.post(address, content=content, headers=held)


def table(answer: httpx.Response) -> pa.Table:
    """Return the one table that an answer in the Parquet form tells of."""
    (file,) = shares.files(answer)
    fetched = httpx.get(file["url"])
    assert fetched.status_code == 200, fetched.text
    assert len(fetched.content) == file["size"]
    return pq.read_table(pa.BufferReader(fetched.content))


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of a fault; it has the protocol's own form."""
    assert answer.headers["Content-Type"].startswith("application/json")
    told = answer.json()
    assert set(told) == {"errorCode", "message"}
    return answer.status_code, told["errorCode"]


def test_lists_are_one_line_and_go_on_page_by_page(
    node: golden.Golden, partner: dict[str, str]
) -> None:
    names, more = list[str](), dict[str, str]()
    while True:
        path = f"shares/{shares.SHARE}/all-tables"
        answer = get(node, path, partner, maxResults="1", **more)
        assert answer.text.count("\n") == 1
        assert answer.text.endswith("\n")
        document = answer.json()
        names += [each["name"] for each in document["items"]]
        if not document.get("nextPageToken"):
            break
        more = {"pageToken": document["nextPageToken"]}
    assert names == ["proef", "proef__labels", "proef_dicht", "proef_dicht__labels"]
    assert code(get(node, f"shares/{shares.SHARE}/schemas", partner, **more))[0] == 410


def test_shares_schemas_and_tables_are_found_whatever_the_case(
    node: golden.Golden, partner: dict[str, str]
) -> None:
    share = get(node, "shares", partner).json()["items"]
    assert share == [{"name": shares.SHARE}]
    assert get(node, "shares/NIS41002", partner).json()["share"]["name"] == shares.SHARE
    schemas = get(node, "shares/Nis41002/schemas", partner).json()["items"]
    assert schemas == [{"name": shares.SCHEMA, "share": shares.SHARE}]
    tables = get(node, "shares/nis41002/schemas/Demografie/tables", partner).json()["items"]
    assert sorted(each["name"] for each in tables) == sorted(shares.TABLES)
    version = httpx.head(f"{node.url}{ROOT}/{shares.place().upper().replace('SHARES', 'shares')}")
    assert version.status_code == 404  # the words of the protocol are not names
    assert httpx.head(f"{node.url}{ROOT}/{shares.place()}").headers["Delta-Table-Version"] == "2"


def test_a_signed_in_reader_finds_no_trace_of_what_is_closed(node: golden.Golden) -> None:
    stranger = shares.bearer(shares.token(node, "kenniscentrum")[0])
    without = httpx.get(f"{node.url}/delta/shares/{shares.SHARE}/all-tables", headers=stranger)
    assert [each["name"] for each in without.json()["items"]] == ["proef", "proef__labels"]
    bodies = set()
    for name in ("niets", "proef_x", "..", "a" * 300, "niets__labels"):
        path = shares.place().replace("proef", name) + "/version"
        answer = get(node, path, stranger)
        bodies.add((code(answer), answer.text))
    for path in ("shares/nis1", "shares/nis41002/schemas/x/tables/proef/version", "x", "shares/"):
        answer = get(node, path, stranger)
        bodies.add((code(answer), answer.text))
    assert {each[0] for each in bodies} == {(404, "RESOURCE_DOES_NOT_EXIST")}
    assert len(bodies) == 1


def test_nobody_is_asked_to_sign_in_for_what_is_closed_and_what_is_not_there(
    node: golden.Golden,
) -> None:
    answers = [
        get(node, f"{shares.place(name)}/version")
        for name in (golden.CLOSED, "niets", "a-b", f"{golden.CLOSED}__labels", "__labels")
    ]
    assert {code(each) for each in answers} == {(401, "UNAUTHENTICATED")}
    assert len({each.text for each in answers}) == 1
    for each in answers:
        assert "Basic" in ", ".join(each.headers.get_list("WWW-Authenticate"))


@pytest.mark.parametrize("dialects", [("delta",), ("odata",)])
def test_a_token_for_another_dialect_opens_nothing_here(
    node: golden.Golden, dialects: tuple[str, ...]
) -> None:
    headers = shares.bearer(shares.token(node, "kenniscentrum", dialects)[0])
    wanted = 200 if dialects == ("delta",) else 403
    assert get(node, "shares", headers).status_code == wanted


def test_what_a_partner_is_told_of_a_table_is_of_its_view_alone(
    node: golden.Golden, partner: dict[str, str]
) -> None:
    for headers in (partner, partner | shares.DELTA):
        answer = query(node, {}, headers, golden.CLOSED)
        for name in ("saldo", "omzet", "11002", "1234", "2024-Q1"):
            assert name not in answer.text
    (file,) = shares.files(query(node, {}, partner, golden.CLOSED))
    stats = json.loads(file["stats"])
    cells = table(query(node, {}, partner, golden.CLOSED))
    assert stats["numRecords"] == cells.num_rows
    assert stats["nullCount"]["obs_value"] == cells["obs_value"].null_count
    assert set(stats["maxValues"].values()) <= {
        each for c in cells.columns for each in c.to_pylist()
    }


def test_two_readers_get_other_tables_and_other_files(node: golden.Golden) -> None:
    found = []
    for client in golden.PARTNERS:
        headers = shares.bearer(shares.token(node, client)[0])
        lines = shares.lines(query(node, {}, headers, golden.CLOSED))
        found.append((lines[1]["metaData"]["id"], lines[2]["file"]["id"]))
    assert found[0][0] != found[1][0]
    assert found[0][1] != found[1][1]


def test_the_form_of_the_lines_is_what_the_client_reads(
    node: golden.Golden, partner: dict[str, str]
) -> None:
    both = "responseformat=delta,parquet;readerfeatures=deletionvectors"
    for asked, told in (("", "parquet"), ("responseFormat=Parquet", "parquet"), (both, "delta")):
        headers = partner | {"delta-sharing-capabilities": asked}
        answer = get(node, f"{shares.place()}/metadata", headers)
        assert answer.headers["delta-sharing-capabilities"] == f"responseformat={told}"
        assert len(shares.lines(answer)) == 2
        assert answer.headers["Delta-Table-Version"] == "2"
    refused = get(
        node, f"{shares.place()}/metadata", {"delta-sharing-capabilities": "responseformat=csv"}
    )
    assert code(refused) == (400, "INVALID_PARAMETER_VALUE")


def test_the_end_is_marked_only_for_who_asks(node: golden.Golden, partner: dict[str, str]) -> None:
    plain = shares.lines(query(node, {}, partner))
    assert not any("endStreamAction" in each for each in plain)
    asked = {"delta-sharing-capabilities": "responseformat=parquet;includeEndStreamAction=true"}
    answer = query(node, {}, partner | asked)
    assert "includeendstreamaction=true" in answer.headers["delta-sharing-capabilities"]
    *_, file, end = shares.lines(answer)
    assert (
        end["endStreamAction"]["minUrlExpirationTimestamp"] == file["file"]["expirationTimestamp"]
    )


def test_ids_of_files_are_echoed_in_the_way_asked_for(node: golden.Golden) -> None:
    assert query(node, {}, {"fileidhash": "Parquet"}).headers["fileidhash"] == "parquet"
    assert code(query(node, {}, {"fileidhash": "md5"})) == (400, "INVALID_PARAMETER_VALUE")


def test_earlier_releases_are_had_by_number_and_by_moment(node: golden.Golden) -> None:
    first, second = (node.truth(release=f"2026-10-01.{number}") for number in (1, 2))
    assert first != second
    assert shares.truth(table(query(node, {"version": 1}, {})).to_pylist()) == first
    assert shares.truth(table(query(node, {"version": 2}, {})).to_pylist()) == second
    (old,) = shares.files(query(node, {"version": 1}, {}))
    (new,) = shares.files(query(node, {}, {}))
    moments = [_iso(old["timestamp"]), _iso(new["timestamp"] - 1), _iso(new["timestamp"] + 1_000)]
    for at, wanted in zip(moments, (first, first, second), strict=True):
        assert shares.truth(table(query(node, {"timestamp": at}, {})).to_pylist()) == wanted
    assert (
        get(node, f"{shares.place()}/version", startingTimestamp=moments[1]).headers[
            "Delta-Table-Version"
        ]
        == "2"
    )


def _iso(milliseconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(milliseconds / 1_000, UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"[1]", "MALFORMED_REQUEST"),
        (b"{", "MALFORMED_REQUEST"),
        ({"version": 3}, "INVALID_PARAMETER_VALUE"),
        ({"version": 0}, "INVALID_PARAMETER_VALUE"),
        ({"version": -1}, "INVALID_PARAMETER_VALUE"),
        ({"version": True}, "INVALID_PARAMETER_VALUE"),
        ({"version": 1.5}, "INVALID_PARAMETER_VALUE"),
        ({"version": 1, "timestamp": "2026-10-01T08:00:00Z"}, "INVALID_PARAMETER_VALUE"),
        ({"timestamp": "gisteren"}, "INVALID_PARAMETER_VALUE"),
        ({"timestamp": "2026-10-01T08:00:00"}, "INVALID_PARAMETER_VALUE"),
        ({"timestamp": "2020-01-01T00:00:00Z"}, "INVALID_PARAMETER_VALUE"),
        ({"timestamp": "2999-01-01T00:00:00Z"}, "INVALID_PARAMETER_VALUE"),
        ({"maxFiles": 0}, "INVALID_PARAMETER_VALUE"),
        ({"versie": 1}, "INVALID_PARAMETER_VALUE"),
        ({"startingVersion": 1}, "UNSUPPORTED_OPERATION"),
        ({"refreshToken": "x"}, "UNSUPPORTED_OPERATION"),
    ],
)
def test_a_query_that_is_wrong_is_refused_in_the_protocols_own_words(
    node: golden.Golden, body: object, name: str
) -> None:
    assert code(query(node, body, {})) == (400, name)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("version", {"startingTimestamp": "2999-01-01T00:00:00Z"}),
        ("version", {"since": "x"}),
        ("metadata", {"version": "1", "timestamp": "2026-10-01T08:00:00Z"}),
        ("metadata", {"versie": "1"}),
        ("changes", {}),
        ("changes", {"startingVersion": "3"}),
        ("changes", {"startingVersion": "x"}),
        ("changes", {"startingVersion": "1", "startingTimestamp": "2026-10-01T08:00:00Z"}),
        ("changes", {"startingTimestamp": "2999-01-01T00:00:00Z"}),
        ("changes", {"startingVersion": "1", "maxFiles": "0"}),
        ("query", {"limit": "1"}),
    ],
)
def test_parameters_that_are_wrong_are_refused(
    node: golden.Golden, path: str, given: dict[str, str]
) -> None:
    answer = get(node, f"{shares.place()}/{path}", None, **given)
    wanted = (
        (404, "RESOURCE_DOES_NOT_EXIST") if path == "query" else (400, "INVALID_PARAMETER_VALUE")
    )
    assert code(answer) == wanted


def test_hints_of_any_kind_leave_the_table_as_the_permit_opens_it(
    node: golden.Golden, partner: dict[str, str]
) -> None:
    view = node.truth("provincie", golden.CLOSED)
    wide = {"op": "equal", "children": [{"op": "column", "name": "area", "valueType": "string"},
            {"op": "literal", "value": "11002", "valueType": "string"}]}  # fmt: skip
    for hints in (
        {"predicateHints": ["area = '11002'"], "jsonPredicateHints": json.dumps(wide)},
        {"predicateHints": ["1=1 or ((", "drop table"], "jsonPredicateHints": "{{"},
        {"limitHint": 1},
        {"limitHint": "veel"},
    ):
        found = table(query(node, hints, partner, golden.CLOSED))
        assert shares.truth(found.to_pylist()) == view


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["version", "timestamp", "limitHint", "maxFiles", "predicateHints", "x"])


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.dictionaries(NAMES, JSON, max_size=3), bounds=st.tuples(st.text(max_size=6), JSON))
def test_no_question_is_a_fault_of_ours(
    node: golden.Golden, body: dict[str, object], bounds: tuple[str, object]
) -> None:
    answer = query(node, body, {})
    assert answer.status_code in (200, 400, 422)  # the last by the gate before all bodies
    given = {"startingVersion": bounds[0], "endingVersion": str(bounds[1])}
    assert get(node, f"{shares.place()}/changes", None, **given).status_code in (200, 400)


def test_a_change_feed_tells_what_each_release_did(node: golden.Golden) -> None:
    answer = get(node, f"{shares.place()}/changes", None, startingVersion="2")
    rows = table(answer).to_pylist()
    told = {(row["_change_type"], shares.key(row)[0], row["obs_value"]) for row in rows}
    assert told == {
        ("insert", "omzet", 1_100_000.0),
        ("update_preimage", "saldo", 0.25),
        ("update_postimage", "saldo", 0.75),
        ("delete", "omzet", 2_600_000.0),
    }
    until = get(node, f"{shares.place()}/changes", None, startingVersion="1", endingVersion="1")
    assert [next(iter(line)) for line in shares.lines(until)] == ["protocol", "metaData", "add"]


def test_the_profile_file_holds_the_token_it_was_asked_with(node: golden.Golden) -> None:
    text, _ = shares.token(node, "kenniscentrum")
    found = shares.profile(node, text)
    assert found["shareCredentialsVersion"] == 1
    assert found["endpoint"] == f"{node.url}/delta/for/beleid"
    assert found["bearerToken"] == text
    address = f"{node.url}/delta/hanse.share"
    assert code(httpx.get(address)) == (401, "UNAUTHENTICATED")
    signed_in = httpx.get(address, headers=node.headers("provincie"))
    assert code(signed_in) == (400, "INVALID_PARAMETER_VALUE")
    assert "no-store" in httpx.get(address, headers=shares.bearer(text)).headers["Cache-Control"]


def test_a_client_with_its_own_key_gets_a_profile_without_a_secret(node: golden.Golden) -> None:
    address = f"{node.url}/delta/hanse.share?client=provincie&kid=provincie-1"
    found = httpx.get(f"{address}&purpose=beleid").json()
    endpoint = f"{node.url}/delta/for/beleid"
    assert (found["endpoint"], found["auth"]["audience"]) == (endpoint, endpoint)
    assert found["auth"]["issuer"] == node.node.settings.issuer
    assert found["auth"]["privateKey"] == {
        "privateKeyFile": "key.pem",
        "keyId": "provincie-1",
        "algorithm": "ES256",
    }
    for missing in (address, f"{node.url}/delta/hanse.share?kid=x&purpose=beleid"):
        assert code(httpx.get(missing)) == (400, "INVALID_PARAMETER_VALUE")


def labels(answer: httpx.Response) -> dict[tuple[str, str], dict[str, str | None]]:
    """Return a table of labels by column and code; those of areas by their level too."""
    found = {}
    for row in table(answer).to_pylist():
        code_ = f"{row['level']}/{row['code']}" if row["level"] else row["code"]
        assert (row["dimension"], code_) not in found
        found[row["dimension"], code_] = row
    return found


def test_a_table_of_labels_names_every_code_of_the_figures(node: golden.Golden) -> None:
    held = labels(query(node, {}, {}, shares.labels()))
    for row in table(query(node, {}, {})).to_pylist():
        for column in ("indicator", "level", "period", "SEX", "obs_status"):
            assert (column, row[column]) in held, (column, row[column])
        assert ("area", f"{row['level']}/{row['area']}") in held
    assert held["indicator", "inw"]["label_fr"] == "Habitants"
    assert held["area", "gemeente@2025/11002"]["label_nl"] == 'Antwerpen "met Borsbeek"'
    assert held["area", "gemeente@2024/11002"]["label_nl"] == "Antwerpen"
    assert held["level", "gemeente@2024"]["label_en"] == "Municipality 2024"
    assert held["period", "2024-Q1"]["label_nl"] == "2024 1e kwartaal"
    assert (held["SEX", "F"]["label_en"], held["SEX", "F"]["parent"]) == ("Women", "_T")
    assert held["SEX", "_T"]["parent"] is None
    assert held["obs_status", "Q"]["label_fr"] == "supprimé"


def test_labels_have_the_form_of_every_other_table(
    node: golden.Golden, partner: dict[str, str]
) -> None:
    path = shares.place(shares.labels())
    assert httpx.head(f"{node.url}{ROOT}/{path}").headers["Delta-Table-Version"] == "2"
    _, told = shares.lines(get(node, f"{path}/metadata", partner | shares.DELTA))
    described = json.loads(told["metaData"]["deltaMetadata"]["schemaString"])["fields"]
    cells = table(query(node, {}, {}, shares.labels()))
    assert [each["name"] for each in described] == cells.column_names
    ids = {shares.lines(query(node, {}, {}, name))[1]["metaData"]["id"]
           for name in (golden.OPEN, shares.labels())}  # fmt: skip
    assert len(ids) == 2
    refused = get(node, f"{path}/changes", None, startingVersion="1")
    assert code(refused) == (400, "INVALID_PARAMETER_VALUE")
    assert "__labels" in refused.json()["message"]


def test_labels_of_an_earlier_release_are_those_of_its_own_codes(node: golden.Golden) -> None:
    first, second = (
        labels(query(node, {"version": number}, {}, shares.labels())) for number in (1, 2)
    )
    assert first == second
    assert code(query(node, {"version": 9}, {}, shares.labels()))[0] == 400


@pytest.mark.parametrize("client", list(golden.PARTNERS))
def test_a_partner_is_told_no_name_that_its_figures_do_not_show(
    node: golden.Golden, client: str
) -> None:
    headers = shares.bearer(shares.token(node, client)[0])
    held = labels(query(node, {}, headers, shares.labels(golden.CLOSED)))
    shown = node.truth(client, golden.CLOSED)
    assert {name for column, name in held if column == "indicator"} == {key[0] for key in shown}
    areas = {name.partition("/")[2] for column, name in held if column == "area"}
    assert areas == {"provincie": {"41002"}, "kenniscentrum": {"11002", "11007", "41002"}}[client]
    other = {"provincie": "omzet", "kenniscentrum": "leerl"}[client]
    (file,) = shares.files(query(node, {}, headers, shares.labels(golden.CLOSED)))
    assert other.encode() not in httpx.get(file["url"]).content
    assert other not in file["stats"]


def test_the_file_of_labels_ends_with_the_right_to_it(node: golden.Golden) -> None:
    text, credential = shares.token(node, "provincie")
    answer = query(node, {}, shares.bearer(text), shares.labels(golden.CLOSED))
    (file,) = shares.files(answer)
    assert httpx.get(file["url"]).status_code == 200
    shares.revoke(node, credential)
    assert httpx.get(file["url"]).status_code == 403
