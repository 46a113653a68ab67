"""Snippets that are queries and commands: Power Query, Power BI, DuckDB, GDAL and curl."""

import json
from collections.abc import Mapping, Sequence

from hanse.dialects.snippets import quoting
from hanse.dialects.snippets.programs import PURPOSE, TOKEN
from hanse.dialects.snippets.quoting import remark
from hanse.dialects.snippets.view import View

_HEADERS = f'printf \'apikey: %s\\r\\nPurpose: %s\' "${{{TOKEN}:?}}" "${{{PURPOSE}:?}}"'


def power_query(views: Sequence[View], catalogue: str) -> str:
    """Return a query in M; it asks for the name and token of governed figures in its own window.

    Excel and Power BI keep credentials themselves: choose Basic, any name, the token as password.
    """
    lines = [f"// {remark(view.release)} {remark(view.manifest)}" for view in views]
    lines += [
        "let",
        "    Pull = (node as text, path as text, question as record, origin as text) =>",
        "        let",
        "            answer = Web.Contents(node, [RelativePath = path, Query = question]),",
        '            lines = Csv.Document(answer, [Delimiter = ",", Encoding = 65001]),',
        "            figures = Table.PromoteHeaders(lines, [PromoteAllScalars = false]),",
        '            blank = Table.ReplaceValue(figures, "", null, Replacer.ReplaceValue, '
        '{"obs_value"}),',
        '            typed = Table.TransformColumnTypes(blank, {{"obs_value", type number}}, '
        '"en-US"),',
        '            named = Table.AddColumn(typed, "origin", each origin, type text)',
        "        in",
        "            named,",
        "    Figures = Table.Combine({",
        ",\n".join(_pulled(view) for view in views),
        "    })",
        "in",
        "    Figures",
    ]
    return "\n".join(lines)


def _pulled(view: View) -> str:
    question = _record(view.said)
    return (
        f"        Pull({quoting.m(view.node)}, {quoting.m(view.path)},\n"
        f"            {question},\n"
        f"            {quoting.m(view.agency)})"
    )


def _record(fields: Mapping[str, str]) -> str:
    told = (f"{quoting.m_name(name)} = {quoting.m(value)}" for name, value in fields.items())
    return f"[{', '.join(told)}]"


def power_bi(views: Sequence[View], catalogue: str) -> str:
    """Return a `.pbids` file, for Power BI Desktop to open; one of these names one source."""
    details = {
        "protocol": "http",
        "address": {"url": views[0].plain_address},
        "authentication": None,
        "query": None,
    }
    connections = [{"details": details, "options": {}, "mode": "Import"}]
    return json.dumps({"version": "0.1", "connections": connections}, indent=2)


def duckdb(views: Sequence[View], catalogue: str) -> str:
    """Return a table in DuckDB, read over ranges; columns that one city lacks stay empty."""
    lines = ["install httpfs;", "load httpfs;"]
    if any(view.governed for view in views):
        headers = f"map {{'apikey': getenv('{TOKEN}'), 'Purpose': getenv('{PURPOSE}')}}"
        for view in views:
            scope = f"scope {quoting.sql(view.node)}"
            lines.append(
                f"create or replace secret {view.name} (type http, {scope}, "
                f"extra_http_headers {headers});"
            )
    lines += [f"-- {remark(view.release)} {remark(view.manifest)}" for view in views]
    lines.append("create or replace table figures as")
    selects = [
        f"select *, {quoting.sql(view.agency)} as origin\n"
        f"from read_parquet({quoting.sql(view.address('parquet'))})"
        for view in views
    ]
    return "\n".join([*lines, "\nunion all by name\n".join(selects) + ";"])


def gdal(views: Sequence[View], catalogue: str) -> str:
    """Return a GeoPackage with the figures; join it to boundaries by `area` in QGIS."""
    lines = []
    for view in views:
        lines.append(f"# {remark(view.release)} {remark(view.manifest)}")
        credential = f'GDAL_HTTP_HEADERS="$({_HEADERS})" ' if view.governed else ""
        source = quoting.shell(f"CSV:/vsicurl_streaming/{view.address('csv')}")
        lines.append(
            f"{credential}ogr2ogr -f GPKG -oo EMPTY_STRING_AS_NULL=YES \\\n"
            f"  '{view.name}.gpkg' {source} -nln '{view.name}'"
        )
    return "\n".join(lines)


def curl(views: Sequence[View], catalogue: str) -> str:
    """Return a download that stops where it is from another release than the one cited."""
    lines = []
    for view in views:
        file = view.name
        credential = (
            f'  --header "apikey: ${{{TOKEN}:?}}" --header "Purpose: ${{{PURPOSE}:?}}" \\\n'
            if view.governed
            else ""
        )
        lines.append(
            f"curl --fail --silent --show-error --output {file}.csv "
            f"--dump-header {file}.headers \\\n"
            f"{credential}  {quoting.shell(view.address('csv'))} &&\n"
            f"  grep -q -i -F {quoting.shell(f'release-digest: {view.manifest}')} {file}.headers"
        )
    return "\n".join(lines)
