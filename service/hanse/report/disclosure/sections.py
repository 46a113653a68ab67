"""Puts the facts of a disclosure report in words, sections and pictures."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from hanse.messages import named, nearest, say
from hanse.report import formats
from hanse.report.disclosure import perturbed
from hanse.report.disclosure.facts import Alternative, Facts, Proof, Seen, Tally
from hanse.report.disclosure.tally import most_hidden
from hanse.report.document import (
    Block,
    Column,
    Document,
    Fact,
    Illustration,
    KeyFigure,
    KeyFigures,
    Listing,
    Notice,
    Paragraph,
    Section,
    Table,
)
from hanse.report.drawing import Bar, Bars

AREAS_SHOWN = 15
TABLES_SHOWN = 40
COSTLY_SHOWN = 10
PROOFS_SHOWN = 30
HASH_SHOWN = 16
"""Letters of a hash that are enough to look it up."""

PROFILE = "profile"
"""The rule that has a title in every language."""

SYMBOL = "x"
"""What a reader sees in the place of a hidden figure."""


def document(facts: Facts, lang: str) -> Document:
    """Return the report in a language: Dutch, English or French."""
    told = _Told(facts, lang)
    subject = facts.subject
    state = ("RELEASE" if subject.release else "DRAFT") + ("_PERTURBED" if facts.method else "")
    sections = perturbed.sections(facts, lang) or (
        Section(told.say("SHORT"), told.short()),
        Section(told.say("WHY"), told.why()),
        Section(told.say("LEVELS"), told.levels()),
        Section(told.say("AREAS"), told.areas()),
        Section(told.say("UNJUDGED"), told.unjudged()),
        Section(told.say("COST"), told.cost()),
        Section(told.say("WHAT_IF"), told.what_if()),
        Section(told.say("ATTACK"), told.attack()),
        Section(told.say("PROOF"), told.proof()),
    )
    sections += (
        Section(told.say("LEDGER"), told.ledger()),
        Section(told.say("READER"), told.reader()),
    )
    return Document(
        lang=lang,
        title=told.say("TITLE", subject=subject.title or subject.name),
        subtitle=told.say(f"SUBTITLE_{state}"),
        made_at=facts.made_at,
        author=subject.author,
        sections=tuple(each for each in sections if each.blocks),
        facts=told.facts(),
        marking=told.say("MARKING"),
        footer=" · ".join(
            part for part in (subject.name, subject.release, _short(subject.digest)) if part
        ),
    )


class _Told:
    """The facts, and how they are said in one language."""

    def __init__(self, facts: Facts, lang: str) -> None:
        self._facts = facts
        self._lang = lang

    def say(self, code: str, **parameters: object) -> str:
        return say(f"REPORT_{code}", self._lang, **parameters)

    def facts(self) -> tuple[Fact, ...]:
        subject = self._facts.subject
        pairs = [
            ("FACT_NAME", subject.name),
            ("FACT_RELEASE", subject.release),
            ("FACT_DIGEST", subject.digest),
            ("FACT_AUTHOR", subject.author),
            ("FACT_MADE", formats.moment(self._facts.made_at, self._lang)),
        ]
        known = [Fact(self.say(code), value) for code, value in pairs if value]
        rules = [
            Fact(named("setting", name, self._lang), self._rule(name, value))
            for name, value in subject.rules
        ]
        return (*known, *rules)

    def _rule(self, name: str, value: str) -> str:
        title = nearest(dict(self._facts.subject.titles), self._lang) if name == PROFILE else ""
        return f"{value} ({title})" if title else named(name, value, self._lang)

    def short(self) -> tuple[Block, ...]:
        whole, share = self._facts.whole, self._facts.value_share
        figures = [
            KeyFigure(self.say("CELLS"), self._count(whole.cells), self.say("CELLS_NOTE")),
            KeyFigure(
                self.say("HIDDEN"),
                self._count(whole.hidden),
                self.say("OF_CELLS", share=self._share(whole.hidden, whole.cells)),
            ),
            KeyFigure(
                self.say("OTHERS"),
                self._count(whole.others),
                self.say("OF_CELLS", share=self._share(whole.others, whole.cells)),
            ),
        ]
        if share is not None:
            told = self._share(share, 1)
            figures.append(KeyFigure(self.say("VALUE"), told, self.say("VALUE_NOTE")))
        empty = [
            Notice(self.say("LEVEL_EMPTY", level=self._level(each)), "warn")
            for each in self._facts.empty
        ]
        return (KeyFigures(tuple(figures)), self._verdict(), *empty)

    def _verdict(self) -> Notice:
        """Return the sentence a hurried reader takes away."""
        facts = self._facts
        if facts.broken:
            return Notice(self.say("VERDICT_BAD"), "bad")
        if not facts.whole.hidden:
            return Notice(self.say("VERDICT_NOTHING"))
        if not facts.proofs:
            return Notice(self.say("VERDICT_COVERED"), "good")
        return Notice(self.say("VERDICT_GOOD"), "good")

    def why(self) -> tuple[Block, ...]:
        hidden = self._facts.whole.hidden
        rows = [
            (named("rule", rule, self._lang), self._count(count), self._share(count, hidden))
            for rule, count in self._facts.rules
        ]
        columns = self._columns("RULE", "HIDDEN_CELLS", "SHARE_HIDDEN")
        table = Table(self.say("WHY_CAPTION"), columns, tuple(rows))
        return (Paragraph(self.say("WHY_TEXT")), *([table] if rows else []))

    def levels(self) -> tuple[Block, ...]:
        levels = self._facts.levels
        blocks: list[Block] = []
        if levels:
            named_levels = tuple(replace(each, name=self._level(each.name)) for each in levels)
            picture = self._bars(named_levels, self.say("LEVELS_CAPTION")).picture()
            table = self._tallies(named_levels, self.say("LEVELS_TABLE"), "LEVEL")
            blocks.append(Illustration(picture, table))
        for code, found in (("TABLE", self._facts.tables), ("INDICATOR", self._facts.indicators)):
            most = most_hidden(found, TABLES_SHOWN)
            if len(found) > 1 and most:
                blocks.append(self._tallies(most, self.say(f"{code}S_CAPTION"), code))
        return tuple(blocks)

    def areas(self) -> tuple[Block, ...]:
        most = self._facts.areas[:AREAS_SHOWN]
        if not most:
            return ()
        total = self._count(self._facts.areas_hit)
        every = len(most) == self._facts.areas_hit
        code = "AREAS_ALL" if every else "AREAS_CAPTION"
        caption = self.say(code, shown=len(most), total=total)
        return (self._tallies(most, caption, "AREA"),)

    def unjudged(self) -> tuple[Block, ...]:
        found = self._facts.unjudged
        if not found:
            return ()
        names = list(found[:TABLES_SHOWN])
        if len(found) > len(names):
            names.append(self.say("UNJUDGED_MORE", count=self._count(len(found) - len(names))))
        return (Paragraph(self.say("UNJUDGED_TEXT")), Listing(tuple(names)))

    def cost(self) -> tuple[Block, ...]:
        costly = [
            (each.cell, self._size(each.magnitude)) for each in self._facts.costly[:COSTLY_SHOWN]
        ]
        needy = [(each.cell, self._count(each.needs)) for each in self._facts.needy[:COSTLY_SHOWN]]
        blocks: list[Block] = []
        if needy:
            columns = self._columns("CELL", "NEEDS")
            blocks += [Paragraph(self.say("NEEDY_TEXT"))]
            blocks += [Table(self.say("NEEDY_CAPTION"), columns, tuple(needy))]
        if costly:
            columns = self._columns("CELL", "SIZE")
            blocks += [Paragraph(self.say("COSTLY_TEXT"))]
            blocks += [Table(self.say("COSTLY_CAPTION"), columns, tuple(costly))]
        return tuple(blocks)

    def what_if(self) -> tuple[Block, ...]:
        found = self._facts.alternatives
        if not found:
            return ()
        columns = self._columns("ALTERNATIVE", "CELLS", "OWN", "OTHERS", "SHARE")
        rows = tuple(self._alternative(each, number == 0) for number, each in enumerate(found))
        quick = [Paragraph(self.say("WHAT_IF_QUICK"))] if self._facts.quick else []
        source = self._facts.whole.source
        if source:
            quick.append(Paragraph(self.say("WHAT_IF_SOURCE", count=self._count(source))))
        return (
            Paragraph(self.say("WHAT_IF_TEXT")),
            Table(self.say("WHAT_IF_CAPTION"), columns, rows),
            *quick,
        )

    def _alternative(self, each: Alternative, first: bool) -> tuple[str, ...]:
        zeros = self.say("ZEROS_HIDEABLE" if each.zeros != "publish" else "ZEROS_SHOWN")
        words = [self.say("RULE_K", k=each.k), zeros]
        if each.dropped:
            words.append(self.say("WITHOUT", level=self._level(each.dropped)))
        name = ", ".join(words)
        if first:
            name = self.say("IN_FORCE", rules=name)
        if each.refused:
            return (name, formats.NONE, formats.NONE, formats.NONE, self.say("NOT_POSSIBLE"))
        hidden = each.own + each.others
        counts = (self._count(n) for n in (each.cells, each.own, each.others))
        return (name, *counts, self._share(hidden, each.cells))

    def attack(self) -> tuple[Block, ...]:
        trials = self._facts.trials
        if not trials:
            return (Paragraph(self.say("ATTACK_NONE")),)
        known = [
            tuple(formats.NONE if n is None else self._count(n) for n in found)
            for found in ((t.determined, t.exact, t.narrow) for t in trials)
        ]
        rows = tuple(
            (each.population, self._count(each.judged), *counts)
            for each, counts in zip(trials, known, strict=True)
        )
        columns = self._columns("POPULATION", "JUDGED", "DETERMINED", "EXACT", "NARROW")
        blocks: list[Block] = [
            Paragraph(self.say("ATTACK_TEXT")),
            Table(self.say("ATTACK_CAPTION"), columns, rows[:PROOFS_SHOWN]),
        ]
        if any(each.determined is None for each in trials):
            blocks.append(Notice(self.say("ATTACK_LARGE"), "warn"))
        return tuple(blocks)

    def proof(self) -> tuple[Block, ...]:
        proofs, count = self._facts.proofs, self._facts.covered
        covered = [Paragraph(self.say("PROOF_COVERED", count=self._count(count)))] if count else []
        if not proofs:
            return tuple(covered) or (Paragraph(self.say("PROOF_NONE")),)
        columns = self._columns("POPULATION", "PROTECTED", "WHOLE", "LINEAR", "FAILED")
        rows = tuple(self._proof(each) for each in proofs[:PROOFS_SHOWN])
        first = proofs[0]
        signed = "SIGNED" if first.signed_by else "UNSIGNED"
        details = (
            self.say("PROOF_WIDTH", width=first.width, least=first.attacker_lower),
            self.say("PROOF_SOLVER", solver=first.solver),
            self.say(f"PROOF_{signed}", key=first.signed_by),
            *(
                self.say(
                    "PROOF_HASHES",
                    population=each.population,
                    mask=each.mask_sha256[:HASH_SHOWN],
                    relations=each.relations_sha256[:HASH_SHOWN],
                )
                for each in proofs[:PROOFS_SHOWN]
            ),
        )
        return (
            Paragraph(self.say("PROOF_TEXT")),
            Table(self.say("PROOF_CAPTION"), columns, rows),
            Listing(details),
            *covered,
        )

    def _proof(self, each: Proof) -> tuple[str, ...]:
        counts = (each.protected, each.proven_whole, each.proven_linear, each.failed)
        return (each.population, *(self._count(count) for count in counts))

    def ledger(self) -> tuple[Block, ...]:
        found = self._facts.conflicts
        if not found:
            return (Paragraph(self.say("LEDGER_NONE")),)
        told = (say(each.code, self._lang, **dict(each.parameters)) for each in found)
        return (Notice(self.say("LEDGER_SOME"), "bad"), Listing(tuple(told)))

    def reader(self) -> tuple[Block, ...]:
        rows = tuple(self._seen(each) for each in self._facts.seen)
        columns = self._columns("CELL", "VALUE", "OBS_STATUS", "CONF_STATUS")
        table = Table(self.say("READER_CAPTION"), columns, rows)
        told = self.say("READER_PERTURBED" if self._facts.method else "READER_TEXT")
        return (Paragraph(told), *([table] if rows else []))

    def _seen(self, each: Seen) -> tuple[str, ...]:
        shown = SYMBOL if each.obs_status == "Q" else ""
        if each.value is not None:
            shown = formats.number(each.value, self._lang)
        return (each.cell, shown, each.obs_status, each.conf_status)

    def _tallies(self, found: Sequence[Tally], caption: str, code: str) -> Table:
        """Return a table of tallies; who hides by source has a column only where one does."""
        sourced = any(each.source for each in found)
        codes = ["CELLS", "OWN", "OTHERS", *(["SOURCE"] if sourced else []), "SHARE"]
        rows = []
        for each in found:
            counts = [each.cells, each.own, each.others, *([each.source] if sourced else [])]
            told = (self._count(count) for count in counts)
            rows.append((each.name, *told, self._share(each.hidden, each.cells)))
        return Table(caption, self._columns(code, *codes), tuple(rows))

    def _bars(self, found: Sequence[Tally], title: str) -> Bars:
        kinds: list[tuple[str, Callable[[Tally], int]]] = [
            ("OWN", lambda each: each.own),
            ("OTHERS", lambda each: each.others),
            ("SOURCE", lambda each: each.source),
        ]
        used = [(code, of) for code, of in kinds if any(of(each) for each in found)]
        bars = tuple(
            Bar(
                each.name,
                tuple(of(each) / max(each.cells, 1) for _, of in used),
                self._share(each.hidden, each.cells),
            )
            for each in found
        )
        told = "; ".join(f"{bar.label} {bar.shown}" for bar in bars)
        legend = tuple(self.say(f"COLUMN_{code}") for code, _ in used)
        return Bars(title, self.say("LEVELS_DESCRIPTION", told=told), legend, bars, 1.0)

    def _columns(self, first: str, *codes: str) -> tuple[Column, ...]:
        """Return columns: the first names the rows, the others hold figures."""
        texts = frozenset({"OBS_STATUS", "CONF_STATUS"})
        rest = (Column(self.say(f"COLUMN_{code}"), code not in texts) for code in codes)
        return (Column(self.say(f"COLUMN_{first}")), *rest)

    def _level(self, level: str) -> str:
        """Return what a level is called, with its vintage in words where it has one."""
        code, _, vintage = level.partition("@")
        name = named("level", code, self._lang)
        return self.say("LEVEL_OF", level=name, vintage=vintage) if vintage else name

    def _count(self, count: int) -> str:
        return formats.number(count, self._lang)

    def _share(self, part: float, whole: float) -> str:
        return formats.share(part, whole, self._lang)

    def _size(self, magnitude: int) -> str:
        low, high = 10**magnitude, 10 ** (magnitude + 1) - 1
        return self.say("SIZE", low=self._count(low), high=self._count(high))


def _short(digest: str) -> str:
    """Return a digest as it fits in a footer."""
    return f"{digest[: HASH_SHOWN + 8]}…" if digest else ""
