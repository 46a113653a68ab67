"""What was measured as tables: on the screen, in `bench.json`, and in the page of the manual.

A table in the page stands between two markers and is replaced whole; the words around it are
written by hand.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.measure import machine

PAGE = Path("docs") / "performance.md"
RECORD = Path("bench.json")

Cell = str | float


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def markdown(self) -> str:
        """Return the table as the manual shows it."""
        lines = ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join(map(_text, row)) + " |" for row in self.rows]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Report:
    """One run: its name (`bulk-10m`), the command that makes it, its tables, what to know."""

    name: str
    command: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    facts: Mapping[str, float] = field(default_factory=dict)
    on: str = field(default_factory=machine)

    def markdown(self) -> str:
        """Return the run as the manual shows it."""
        parts = [f"`{self.command}`  \n{self.on}"]
        parts += [table.markdown() for table in self.tables]
        parts += ["\n".join(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n\n".join(parts)


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if cell == 0 or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.4g}" if abs(cell) < 0.01 else f"{cell:.3g}"


def show(report: Report) -> None:
    """Print a run."""
    print(f"\n{report.name}\n\n{report.markdown()}\n", flush=True)


def write(report: Report, page: Path = PAGE, record: Path = RECORD) -> None:
    """Put a run in the page between its markers, and in the record.

    Raises `ValueError` where the page has no place for it.
    """
    text = page.read_text("utf-8")
    opening, closing = f"<!-- {report.name} -->", f"<!-- /{report.name} -->"
    before, found, rest = text.partition(opening)
    _, ended, after = rest.partition(closing)
    if not found or not ended:
        raise ValueError(f"{page} has no place for {report.name}")
    page.write_text(f"{before}{opening}\n{report.markdown()}\n{closing}{after}", "utf-8")
    runs = json.loads(record.read_text("utf-8")) if record.exists() else {}
    runs[report.name] = {
        "command": report.command,
        "machine": report.on,
        "tables": [{"columns": each.columns, "rows": each.rows} for each in report.tables],
        "facts": dict(report.facts),
    }
    record.write_text(json.dumps(runs, indent=1) + "\n", "utf-8")
