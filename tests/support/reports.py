"""Reports to render: a document with every kind of block, and a small table with its plan."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pypdf import PdfReader

from hanse.report import document as parts
from hanse.report.drawing import Bar, Bars

AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
NASTY = '<script>alert("x")</script> & #let x = 1 $2^3$ *vet* @label'
"""Text that means something to a browser, or to a typesetter, if either reads it as its own."""

PLAN = """\
value: freq
dimensions:
  - name: geo
    levels: [sector, wijk]
    total: Total
  - name: age
    levels: [age, agegrp]
  - name: sex
    levels: [sex]
rules:
  k: 5
"""


def a_document(lang: str = "nl", text: str = "Een tekst.", **fields: str) -> parts.Document:
    """Return a document with every kind of block in it."""
    bars = (Bar("Wijk één", (0.2, 0.3), "50,0 %"), Bar("Wijk twee", (0.0, 0.1), "10,0 %"))
    chart = Bars("Deel dat verborgen is", f"Twee staven. {text}", ("zelf", "andere"), bars, 1.0)
    table = parts.Table(
        "Per wijk",
        (parts.Column("Wijk"), parts.Column("Cellen", figure=True)),
        (("Wijk één", "1.234"), (text, "5")),
    )
    blocks: tuple[parts.Block, ...] = (
        parts.Paragraph(text),
        parts.Notice(text, "good"),
        parts.Notice("Let op.", "warn"),
        parts.Listing(("eerst", text)),
        parts.KeyFigures((parts.KeyFigure("Cellen", "1.234", "van alles"),)),
        parts.Illustration(chart.picture(), table),
        replace(table, caption="Nog eens per wijk"),
    )
    return parts.Document(
        lang=lang,
        title=fields.get("title", "Verslag van een wijk"),
        subtitle="Om te bewaren",
        made_at=AT,
        author="Stad Aalst",
        sections=(parts.Section("Eerste deel", blocks), parts.Section("Tweede deel", blocks[:1])),
        facts=(parts.Fact("Vingerafdruk", "sha-256:" + "ab" * 32), parts.Fact("Tekst", text)),
        marking="INTERN",
        footer="bevolking · 2026-10-01.1",
    )


def pdf_text(content: bytes) -> str:
    """Return the words of a PDF, a blank between them whatever the line."""
    pages = PdfReader(BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def city(folder: Path, seed: int = 3, sectors: int = 12) -> Path:
    """Write a small table of inner counts and its plan (`table.parquet`, `plan.yaml`).

    A few counts are large and unlike any other number, so that they are found where they leak.
    """
    draw = np.random.default_rng(seed)
    rows = [
        (f"s{sector:02}", f"w{sector // 4}", age, group, sex)
        for sector in range(sectors)
        for age, group in (("y0", "jong"), ("y1", "jong"), ("y2", "oud"), ("y3", "oud"))
        for sex in ("M", "V")
    ]
    names = ("sector", "wijk", "age", "agegrp", "sex")
    counts = draw.poisson(9, len(rows))
    counts[::7] = draw.integers(70_001, 99_999, counts[::7].size)
    columns = {
        name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }
    pq.write_table(pa.table({**columns, "freq": counts}), folder / "table.parquet")
    (folder / "plan.yaml").write_text(PLAN, "utf-8")
    return folder
