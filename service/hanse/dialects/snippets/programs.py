"""Snippets that are programs: Python with our own client, with pandas, Spark, for Swing, and R."""

from collections.abc import Iterable, Sequence
from typing import Final

from hanse.areas.level import to_swing
from hanse.cube.codelist import TOTAL
from hanse.cube.status import FORMS
from hanse.dialects.snippets import quoting
from hanse.dialects.snippets.quoting import remark
from hanse.dialects.snippets.view import View

TOKEN: Final = "HANSE_TOKEN"  # noqa: S105 the name of a variable, never what it holds
PURPOSE: Final = "HANSE_PURPOSE"

_OPENED: Final = """\
def opened(address, manifest):
    request = urllib.request.Request(address)
{credential}\
    answer = urllib.request.urlopen(request)
    if answer.headers["Release-Digest"] != manifest:
        raise ValueError("another release than the one that was cited")
    return answer
"""
_CREDENTIAL: Final = f"""\
    request.add_header("apikey", os.environ["{TOKEN}"])
    request.add_header("Purpose", os.environ["{PURPOSE}"])
"""


def python(views: Sequence[View], catalogue: str) -> str:
    """Return a pull with our own client; it verifies signatures and signs in by itself."""
    lines = [
        f"# hanse login --catalogue {remark_of_address(catalogue)} --client-id ...",
        "from hanse.client import get",
        "",
    ]
    for view in views:
        areas = f"{view.level}:{','.join(view.areas)}" if view.areas else view.level
        lines += [
            f"{view.name} = get(",
            f"    {quoting.python(view.subject)},",
            f"    cities=[{quoting.python(view.agency)}], areas={quoting.python(areas)},",
            f"    periods={quoting.python(view.period)}, release={quoting.python(view.release)},",
            ").table",
            f'assert set({view.name}["manifest"].to_pylist()) <= '
            f"{{{quoting.python(view.manifest)}}}",
        ]
    return "\n".join(lines)


def remark_of_address(address: str) -> str:
    """Return an address as it may stand in a comment."""
    return "".join(
        each for each in address if each.isascii() and (each.isalnum() or each in ":/.-")
    )


def pandas(views: Sequence[View], catalogue: str) -> str:
    """Return a pull with pandas and the standard library; area codes and periods stay text."""
    pulls = [
        f"    frame({quoting.python(view.address('csv'))},\n"
        f"          {quoting.python(view.manifest)}, {quoting.python(view.agency)}),"
        for view in views
    ]
    return "\n".join([*_pandas_head(views), "figures = pd.concat([", *pulls, "])"])


def _pandas_head(views: Iterable[View]) -> list[str]:
    return [
        *_imports(views),
        "import pandas as pd",
        "",
        *_opened(views),
        "def frame(address, manifest, origin):",
        "    with opened(address, manifest) as answer:",
        "        found = pd.read_csv(answer, dtype=str, keep_default_na=False)",
        '    found["obs_value"] = pd.to_numeric(found["obs_value"])',
        "    return found.assign(origin=origin)",
        "",
    ]


def _imports(views: Iterable[View]) -> list[str]:
    governed = any(view.governed for view in views)
    return [*(["import os"] if governed else []), "import urllib.request"]


def _opened(views: Iterable[View]) -> list[str]:
    governed = any(view.governed for view in views)
    return [*_OPENED.format(credential=_CREDENTIAL if governed else "").splitlines(), ""]


def spark(views: Sequence[View], catalogue: str) -> str:
    """Return a pull into Spark: the file is fetched once, checked, and read where it lies."""
    lines = [
        *_imports(views),
        "import shutil",
        "",
        "from pyspark.sql import SparkSession",
        "",
        *_opened(views),
        "def table(address, manifest, path):",
        '    with opened(address, manifest) as answer, open(path, "wb") as file:',
        "        shutil.copyfileobj(answer, file)",
        "    return SparkSession.builder.getOrCreate().read.parquet(path)",
        "",
    ]
    for view in views:
        lines += [
            f"{view.name} = table({quoting.python(view.address('parquet'))},",
            f"    {quoting.python(view.manifest)}, {quoting.python(f'{view.name}.parquet')})",
        ]
    return "\n".join(lines)


def swing(views: Sequence[View], catalogue: str) -> str:
    """Return a program that writes a workbook as Swing imports it, with its missing codes.

    Totals of breakdowns only: a flat sheet has no place for them.
    """
    codes = {form.obs_status: form.swing for form in FORMS.values() if form.swing is not None}
    told = ", ".join(f'"{status}": {code}' for status, code in codes.items())
    lines = [
        *_pandas_head(views),
        f"missing = {{{told}}}",
        "",
        "def sheet(found, geolevel):",
        "    cubes = [name for name in found if name.isupper()]",
        f'    found = found[(found[cubes] == "{TOTAL}").all(axis=1)]',
        '    value = found["obs_value"].fillna(found["obs_status"].map(missing))',
        '    found = found.assign(value=value, geolevel=found["level"].map(geolevel))',
        '    keys = ["period", "geolevel", "area"]',
        '    wide = found.pivot(index=keys, columns="indicator", values="value").reset_index()',
        '    return wide.rename(columns={"area": "geoitem"})',
        "",
    ]
    for view in views:
        level = f"{{{quoting.python(view.level)}: {quoting.python(_swing_level(view.level))}}}"
        lines += [
            f"{view.name} = sheet(frame({quoting.python(view.address('csv'))},",
            f"    {quoting.python(view.manifest)}, {quoting.python(view.agency)}), {level})",
            f"{view.name}.to_excel({quoting.python(f'{view.name}.xlsx')}, index=False)",
        ]
    return "\n".join(lines)


def _swing_level(level: str) -> str:
    return to_swing(level) if level.count("@") == 1 else level


def r(views: Sequence[View], catalogue: str) -> str:
    """Return a pull with nothing but R; area codes and periods stay text."""
    governed = any(view.governed for view in views)
    credential = f', headers = c(apikey = Sys.getenv("{TOKEN}"), Purpose = Sys.getenv("{PURPOSE}"))'
    lines = [
        "pull <- function(address) {",
        f"  answer <- url(address{credential if governed else ''})",
        '  found <- read.csv(answer, colClasses = "character", na.strings = NULL)',
        '  found$obs_value <- as.numeric(replace(found$obs_value, found$obs_value == "", NA))',
        "  found",
        "}",
        "",
    ]
    for view in views:
        lines += [
            f"# {remark(view.release)} {remark(view.manifest)}",
            f"{view.name} <- pull({quoting.r(view.address('csv'))})",
        ]
    return "\n".join(lines)
