"""What a disclosure report says of figures that were perturbed: what changed, and by how much."""

from functools import partial

from hanse.messages import named, say
from hanse.report import formats
from hanse.report.disclosure.facts import Change, Facts
from hanse.report.document import (
    Column,
    KeyFigure,
    KeyFigures,
    Listing,
    Notice,
    Paragraph,
    Section,
    Table,
)

DECIMALS = 2
LEVELS_SHOWN = 40


def sections(facts: Facts, lang: str) -> tuple[Section, ...]:
    """Return what is told of perturbed figures; nothing where figures are hidden."""
    return _Told(facts, lang).sections() if facts.method else ()


class _Told:
    """The facts, and how they are said in one language."""

    def __init__(self, facts: Facts, lang: str) -> None:
        self._facts, self._lang = facts, lang
        self._count = partial(formats.number, lang=lang)

    def _say(self, code: str, **parameters: object) -> str:
        return say(f"REPORT_{code}", self._lang, **parameters)

    def sections(self) -> tuple[Section, ...]:
        """Return the sections that stand in the place of those about hidden cells."""
        facts = self._facts
        verdict = Notice(self._say("VERDICT_BAD"), "bad")
        if not facts.broken:
            verdict = Notice(self._say("VERDICT_PERTURBED", mark=facts.method), "good")
        if not any(each.changed for each in facts.changes) and not facts.broken:
            verdict = Notice(self._say("VERDICT_UNCHANGED", mark=facts.method))
        certificate = [
            f"{named('setting', name, self._lang)}: {named('truth', value, self._lang)}"
            for name, value in facts.certificate
        ]
        proven = "PROOF_PERTURBED_RELEASE" if facts.subject.release else "PROOF_PERTURBED"
        return (
            Section(self._say("SHORT"), (self._figures(), verdict)),
            Section(
                self._say("CHANGES"),
                (Paragraph(self._say("CHANGES_TEXT")), self._table()),
            ),
            Section(self._say("WHAT_IF"), (Paragraph(self._say("WHAT_IF_PERTURBED")),)),
            Section(
                self._say("PROOF"),
                (Paragraph(self._say(proven)), Listing(tuple(certificate))),
            ),
        )

    def _figures(self) -> KeyFigures:
        cells = sum(each.cells for each in self._facts.changes)
        changed = sum(each.changed for each in self._facts.changes)
        off = sum(each.mean * each.cells for each in self._facts.changes)
        mean = off / cells if cells else 0.0
        return KeyFigures(
            (
                KeyFigure(self._say("CELLS"), self._count(self._facts.whole.cells), ""),
                KeyFigure(
                    self._say("CHANGED"),
                    self._count(changed),
                    self._say("OF_CELLS", share=formats.share(changed, cells, self._lang)),
                ),
                KeyFigure(self._say("MEAN"), self._count(round(mean, DECIMALS)), ""),
            )
        )

    def _table(self) -> Table:
        codes = ("CELLS", "CHANGED", "SHARE_CHANGED", "MEAN", "MOST")
        figures = (Column(self._say(f"COLUMN_{code}"), True) for code in codes)
        columns = (Column(self._say("COLUMN_LEVEL")), *figures)
        rows = tuple(self._row(each) for each in self._facts.changes[:LEVELS_SHOWN])
        return Table(self._say("CHANGES_CAPTION"), columns, rows)

    def _row(self, each: Change) -> tuple[str, ...]:
        share = formats.share(each.changed, each.cells, self._lang)
        mean = self._count(round(each.mean, DECIMALS))
        counts = self._count(each.cells), self._count(each.changed)
        return each.name, *counts, share, mean, self._count(each.most)
