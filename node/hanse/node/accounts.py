"""Reports of the log for people: the same lines in a reader's words, as a page and as files.

A file of values (CSV, workbook) keeps codes and moments as the log has them, for who counts on; a
page and a PDF say them in words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from hanse.dialects import listing
from hanse.messages import named, say
from hanse.node import phrases, versions
from hanse.node.reports import Report, Wanted
from hanse.policies.protocol import TIME_ZONE
from hanse.report import formats, pdf
from hanse.report.document import Column, Document, Fact, Notice, Paragraph, Section, Table

Form = Literal["csv", "xlsx", "pdf"]

MEDIA_TYPES: Final[Mapping[Form, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": pdf.MEDIA_TYPE,
}
FORMS: Final[tuple[Form, ...]] = get_args(Form)

SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "received": (
        *("who", "dataset", "agreed", "purpose", "since", "last"),
        *("times", "cells_hidden", "onward"),
    ),
    "refused": ("who", "dataset", "purpose", "checks", "since", "last", "times"),
    "attention": ("protocol", "why", "until", "last_use"),
    "terms": ("who", "protocol", "state", "onward", "licence", "retention", "recipients"),
    "processing": (
        *("protocol", "state", "basis", "purposes", "datasets", "recipients", "retention"),
        *("valid", "last_use"),
    ),
    "exchange": ("place", "when", "kind", "who", "dataset", "protocol", "outcome", "cells"),
    "changes": ("place", "when", "kind", "event", "subject", "about"),
    "versions": ("protocol", "state", "effect", "change"),
}
"""What a page shows of each report: fewer columns than the file, some of them joined."""

FIGURES: Final = frozenset({"place", "times", "cells"})
ZONE: Final = ZoneInfo(TIME_ZONE)
LINKED: Final = frozenset({"received", "terms", "processing", "attention", "versions"})
"""The reports whose protocols are pages of the public register."""

Values = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Made:
    """A report with what it is about, who shows it and when."""

    report: Report
    wanted: Wanted
    publisher: str
    at: datetime

    def title(self, lang: str) -> str:
        """What the report is called."""
        return say(f"ACCOUNTS_{self.report.name.upper()}", lang)

    def table(self, lang: str) -> Table:
        """The lines in a reader's words."""
        columns = SHOWN[self.report.name]
        rows = []
        for line in self.report.lines:
            values = dict(zip(self.report.heads, line, strict=True))
            rows.append(tuple(_said(name, values, lang) for name in columns))
        count = say("ACCOUNTS_COUNT_ONE", lang)
        if len(rows) != 1:
            count = say("ACCOUNTS_COUNT", lang, count=formats.number(len(rows), lang))
        caption = f"{self.title(lang)}: {count}"
        heads = [Column(say(f"ACCOUNTS_HEAD_{name.upper()}", lang), name in FIGURES)
                 for name in columns]  # fmt: skip
        return Table(caption, tuple(heads), tuple(rows))

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocol of each line, "" where a line has none that is public."""
        if self.report.name not in LINKED:
            return ("",) * len(self.report.lines)
        place = self.report.heads.index("protocol")
        return tuple(str(line[place]) for line in self.report.lines)

    def facts(self, lang: str) -> tuple[Fact, ...]:
        """What it was made from, so that it can be held against the log later."""
        made, wanted, tell = self.report, self.wanted, partial(say, lang=lang)
        stood = tell("ACCOUNTS_NO_CHECKPOINT")
        if made.root:
            stood = tell("ACCOUNTS_CHECKPOINT", size=made.checkpoint, root=made.root)
        span = f"{wanted.since or '…'} / {wanted.until or '…'}"
        if not (wanted.since or wanted.until):
            span = tell("ACCOUNTS_FACT_SPAN_ALL")
        limits = [each for each in (wanted.protocol, wanted.dataset, wanted.exchange) if each]
        told = {
            "ACCOUNTS_FACT_BY": self.publisher,
            "ACCOUNTS_FACT_MADE": formats.moment(self.at.astimezone(ZONE), lang),
            "ACCOUNTS_FACT_SPAN": span,
            "ACCOUNTS_FACT_LIMITS": ", ".join(limits),
            "ACCOUNTS_FACT_REGISTER": made.register,
            "ACCOUNTS_FACT_CHECKPOINT": stood,
        }
        return tuple(Fact(tell(code), value) for code, value in told.items() if value)

    def document(self, lang: str) -> Document:
        """The report as a document to keep."""
        table = self.table(lang)
        lead = Paragraph(say(f"ACCOUNTS_{self.report.name.upper()}_LEAD", lang))
        body = table if table.rows else Notice(say("ACCOUNTS_NOTHING", lang))
        return Document(
            lang=lang,
            title=self.title(lang),
            subtitle=say("ACCOUNTS_TITLE", lang, name=self.publisher),
            made_at=self.at,
            author=self.publisher,
            sections=(Section(say("ACCOUNTS_LINES", lang), (lead, body)),),
            facts=self.facts(lang),
            marking=say("ACCOUNTS_MARKING", lang),
            footer=self.publisher,
            compact=True,
            landscape=True,
        )

    def file(self, form: Form, lang: str) -> bytes:
        """The report as a file."""
        if form == "pdf":
            return pdf.render(self.document(lang))
        if form == "csv":
            stands = (
                ("register", self.report.register),
                ("checkpoint", f"{self.report.checkpoint} {self.report.root}"),
            )
            return listing.encode(self.report.heads, [*self.report.lines, *stands])
        facts = [(each.name, each.value) for each in self.facts(lang)]
        sheets = (self.title(lang), say("ACCOUNTS_MADE_FROM", lang))
        return listing.workbook(sheets, self.report.heads, self.report.lines, facts)


def _said(name: str, values: Values, lang: str) -> str:
    if name in FIGURES:
        return formats.number(int(values[name]), lang)
    return _SAYS.get(name, _plain)(name, values, lang)


def _plain(name: str, values: Values, lang: str) -> str:
    value = str(values[name])
    return say("PHRASE_ALL", lang) if value == "all" else value or formats.NONE


def _who(_: str, values: Values, lang: str) -> str:
    client = str(values.get("client", ""))
    title = str(values.get("recipient") or "")
    kbo = str(values.get("kbo") or "")
    known = f"{title} ({kbo})" if title and kbo and title != kbo else title or kbo
    program = say("ACCOUNTS_CLIENT", lang, client=client) if client else ""
    return ", ".join(each for each in (known, program) if each) or say("ACCOUNTS_EVERYBODY", lang)


def _protocol(_: str, values: Values, lang: str) -> str:
    number, version = values["protocol"], values.get("version")
    if number and version:
        return say("ACCOUNTS_VERSION", lang, protocol=number, version=version)
    return str(number) or formats.NONE


def _basis(_: str, values: Values, lang: str) -> str:
    kind, _, text = str(values["basis"]).partition(" ")
    return f"{named('ground', kind, lang)}: {text}" if text else named("ground", kind, lang)


def _day(name: str, values: Values, lang: str) -> str:
    value = str(values[name])
    if not value:
        return say("ACCOUNTS_NEVER", lang)
    return formats.day(date.fromisoformat(value[:10]), lang)


def _moment(name: str, values: Values, lang: str) -> str:
    at = datetime.fromisoformat(str(values[name]))
    return formats.moment(at.astimezone(ZONE), lang)


def _valid(name: str, values: Values, lang: str) -> str:
    start, end = str(values[name]).split()
    return phrases.span(start, end, lang)


def _agreed(name: str, values: Values, lang: str) -> str:
    ground = named("ground", str(values["basis"]).partition(" ")[0], lang)
    protocol = _protocol(name, values, lang)
    return say("ACCOUNTS_GROUNDED", lang, protocol=protocol, ground=ground) if ground else protocol


def _cells(_: str, values: Values, lang: str) -> str:
    cells, hidden = (formats.number(int(values[name]), lang) for name in ("cells", "hidden"))
    return say("ACCOUNTS_CELLS_HIDDEN", lang, cells=cells, hidden=hidden)


def _kept(name: str, values: Values, lang: str) -> str:
    return phrases.duration(str(values[name]), lang) or formats.NONE


def _about(name: str, values: Values, lang: str) -> str:
    value = str(values[name])
    return named("protocol", value, lang) if values["kind"] == "protocol" else value or formats.NONE


def _effect(name: str, values: Values, lang: str) -> str:
    return say(f"DIFF_{str(values[name]).upper()}", lang)


def _change(_: str, values: Values, lang: str) -> str:
    return versions.read(values).sentence(lang)


def _words(kind: str) -> "Say":
    def said(name: str, values: Values, lang: str) -> str:
        told = [named(kind, each, lang) for each in str(values[name]).split()]
        return ", ".join(told) or formats.NONE

    return said


def _why(name: str, values: Values, lang: str) -> str:
    return "; ".join(say(f"ACCOUNTS_{each.upper()}", lang) for each in str(values[name]).split())


def _outcome(name: str, values: Values, lang: str) -> str:
    value = str(values[name])
    refused = value.startswith("DECISION_")
    return named("decision", "deny" if refused else value, lang) if value else formats.NONE


def _apart(name: str, values: Values, lang: str) -> str:
    value = str(values[name])
    return _plain(name, values, lang) if value == "all" else ", ".join(value.split())


Say = Callable[[str, Values, str], str]

_SAYS: Final[Mapping[str, Say]] = {
    "who": _who,
    "protocol": _protocol,
    "agreed": _agreed,
    "cells_hidden": _cells,
    "retention": _kept,
    "event": _words("event"),
    "about": _about,
    "basis": _basis,
    "since": _day,
    "last": _day,
    "until": _day,
    "last_use": _day,
    "when": _moment,
    "valid": _valid,
    "state": _words("protocol"),
    "onward": _words("onward"),
    "checks": _words("check"),
    "kind": _words("entry"),
    "why": _why,
    "outcome": _outcome,
    "effect": _effect,
    "change": _change,
    "purposes": _apart,
    "datasets": _apart,
}
