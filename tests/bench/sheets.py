"""How long a fact sheet takes: composed, typeset as tagged PDF, and written as a page.

Thirteen cities in three languages, ten subjects over ten years; the first one, which warms the
typesetter, is told apart. Processor time says what it costs where the machine does other things.
"""

import time
from collections.abc import Callable
from statistics import median

from tests.bench.report import Report, Table
from tests.support.themes import CITIES, theme

from hanse.messages import LANGUAGES
from hanse.report import page, pdf
from hanse.report.document import Document
from hanse.report.sheet import Sheet

LIMIT_SECONDS = 0.05
"""What a warm sheet may take as PDF."""


def run() -> Report:
    """Render every sheet once and report the median."""
    whole = theme()
    started = time.perf_counter()
    pdf.render(Sheet(whole, "41002", "nl").document())
    cold = time.perf_counter() - started
    asked = [(area, lang) for lang in LANGUAGES for area in CITIES]
    asked_for = [Sheet(whole, *at) for at in asked]
    composed = [_timed(each.document) for each in asked_for]
    documents = [each.document() for each in asked_for]
    rows = [
        ("compose", *_middle(composed)),
        (
            "tagged PDF (PDF/UA-1)",
            *_middle([_timed(_bound(pdf.render, each)) for each in documents]),
        ),
        ("web page", *_middle([_timed(_bound(page.render, each)) for each in documents])),
    ]
    both = rows[0][2] + rows[1][2]
    return Report(
        name="sheets",
        command="python -m tests.bench sheets",
        tables=[Table(("step", "wall ms", "processor ms"), tuple(rows))],
        notes=[
            f"{len(asked)} sheets of two pages; the very first took {cold * 1_000:.0f} ms",
            f"composed and typeset: {both:.1f} ms of processor time; goal {LIMIT_SECONDS} s",
        ],
        facts={"sheet_cpu_ms": both, "sheet_goal_ms": LIMIT_SECONDS * 1e3},
    )


def _bound(step: Callable[[Document], bytes], document: Document) -> Callable[[], object]:
    return lambda: step(document)


def _timed(step: Callable[[], object]) -> tuple[float, float]:
    wall, spent = time.perf_counter(), time.process_time()
    step()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - spent) * 1e3


def _middle(times: list[tuple[float, float]]) -> tuple[float, float]:
    walls, spent = zip(*times, strict=True)
    return median(walls), median(spent)
