"""What a report consists of, before anybody decides how it looks: texts, tables, figures, pictures.

Every text is already in the document's language and every number already spelled. A picture never
stands alone: the table that says the same is part of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Tone = Literal["plain", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A text that must not be missed; its tone is also said in words, never by colour alone."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Listing:
    """Short texts under one another."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number that is read first, with what it counts and what it is a part of."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """A few key figures beside one another."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; one with figures is set flush right."""

    label: str
    figure: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names its rows, and every row has as many cells as columns."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing (SVG), with a title and a description for who does not see it.

    `width` is that of its view box; 640 units are the width of a page.
    """

    svg: str
    title: str
    description: str
    width: float = 640


@dataclass(frozen=True, slots=True)
class Illustration:
    """A picture and the table that says the same."""

    picture: Picture
    table: Table


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures beside one another that one table says in words and figures."""

    pictures: tuple[Picture, ...]
    table: Table


Block = Paragraph | Notice | Listing | KeyFigures | Table | Illustration | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document under its own heading."""

    heading: str
    blocks: tuple[Block, ...]
    new_page: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A property of the document as a whole: who made it, about which release, under which hash."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Document:
    """A report. `marking` says on every page who may read it; `footer` what it is about.

    `compact` sets it smaller and closer, for a sheet that has to fit a few pages; `landscape` lays
    its pages down, for wide tables.
    """

    lang: str
    title: str
    subtitle: str
    made_at: datetime
    author: str
    sections: tuple[Section, ...]
    facts: tuple[Fact, ...] = ()
    marking: str = ""
    footer: str = ""
    compact: bool = False
    landscape: bool = False

    def texts(self) -> Iterator[str]:
        """Yield every text that the document shows, pictures apart."""
        yield from (self.title, self.subtitle, self.author, self.marking, self.footer)
        for fact in self.facts:
            yield from (fact.name, fact.value)
        for section in self.sections:
            yield section.heading
            for block in section.blocks:
                yield from _texts(block)


def _texts(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text) | Notice(text):
            yield text
        case Listing(items):
            yield from items
        case KeyFigures(figures):
            for each in figures:
                yield from (each.label, each.value, each.note)
        case Table():
            yield from _told((), block)
        case Illustration(picture, table):
            yield from _told((picture,), table)
        case Gallery(pictures, table):
            yield from _told(pictures, table)


def _told(pictures: tuple[Picture, ...], table: Table) -> Iterator[str]:
    for picture in pictures:
        yield from (picture.title, picture.description)
    yield from (table.caption, *(column.label for column in table.columns))
    for row in table.rows:
        yield from row
