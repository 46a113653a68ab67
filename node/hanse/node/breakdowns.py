"""The breakdowns of several datasets: which are the same by another name, and how their codes lie.

Two are the same when their contracts say so (one `concept`), when they have the same name, or the
same telling codes. Where two might be the same and nothing says so, that is a doubt, told to
whoever publishes. Codes that are brackets lie in one another as they say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from math import prod
from types import MappingProxyType
from typing import Final

from hanse.cube.brackets import SPECIAL, Bracket, brackets, crossing, gaps, nested, pieces
from hanse.cube.codelist import TOTAL, Code, Codelist, Dimension
from hanse.cube.contract import Contract
from hanse.errors import Invalid

SEXES: Final = (frozenset({"f", "m"}), frozenset({"v", "m"}))
"""Lists that are known by single letters."""
WORD_LETTERS_MIN: Final = 3
"""Shorter codes are no words: another list may well have the same."""
ALIKE_MIN: Final = 0.5
"""What share of the shorter of two lists both have when they might be the same breakdown."""
NO_NAMES: Mapping[str, str] = MappingProxyType({})
NO_CODES: Mapping[str, Mapping[str, str]] = MappingProxyType({})

PIECES_MAX: Final = 400
"""A whole is cut into no more pieces than so many by the ways in which it is divided."""

Link = tuple[str, str, str]
"""Tree, child, parent."""
Cuts = Mapping[str, tuple[Link, ...]]
"""By the name of a breakdown, the pieces into which codes that cross cut one another."""
Sense = str | Bracket


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two breakdowns that might be the same, or one whose codes nobody says how they lie.

    `here` and `there` are their names, `dataset` is the other dataset; `codes` are the codes of
    both that do not fit together, none where only the names differ.
    """

    here: str
    there: str
    dataset: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What other datasets call the breakdowns of one, and spell their codes, where it differs.

    `names` say by another's name what it is here; `codes` by the name here what a code is here.
    """

    names: Mapping[str, str] = field(default_factory=lambda: NO_NAMES)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: NO_CODES)
    doubts: tuple[Doubt, ...] = ()

    def here(self, dimension: Dimension) -> Dimension:
        """Return a breakdown of another dataset with the name and the codes it has here."""
        name = self.names.get(dimension.id, dimension.id)
        spelled = self.codes.get(name, NO_NAMES)
        codes = (
            replace(
                each,
                id=spelled.get(each.id, each.id),
                parent=spelled.get(each.parent or "") or each.parent,
            )
            for each in dimension.codelist.codes
        )
        return replace(dimension, id=name, codelist=replace(dimension.codelist, codes=tuple(codes)))

    def key(self, key: str) -> str:
        """Return the key of a cell (as the ledger writes it) in the words of here."""
        head, broken = key.split("\t")[:2], key.split("\t")[2:]
        if not broken:
            return key
        found = []
        for each in broken:
            name, _, code = each.partition("=")
            name = self.names.get(name, name)
            found.append(f"{name}={self.codes.get(name, NO_NAMES).get(code, code)}")
        return "\t".join((*head, *sorted(found)))

    def __bool__(self) -> bool:
        """Say whether anything is called otherwise elsewhere."""
        return bool(self.names or self.codes)


def names(own: Contract, others: Sequence[Contract]) -> Names:
    """Return what other datasets call the breakdowns of one; `others` are the newest first."""
    return _Matching(own, others).names()


class _Matching:
    """Breakdowns by name, over all contracts, while it is found which are the same."""

    def __init__(self, own: Contract, others: Sequence[Contract]) -> None:
        self.own, self.others = own, others
        self.lists: dict[str, list[Dimension]] = {}
        self.apart: set[frozenset[str]] = set()
        self.of: dict[str, str] = {}
        for contract in (own, *others):
            ids = [each.id for each in contract.dimensions]
            self.apart |= {frozenset(pair) for pair in combinations(ids, 2)}
            for each in contract.dimensions:
                known = self.lists.setdefault(each.id, [])
                if each not in known:  # most releases say what the one before said
                    known.append(each)

    def names(self) -> Names:
        """Return the names, spellings and doubts."""
        self.of = {name: name for name in self.lists}
        unsure: set[frozenset[str]] = set()
        pairs = [(self._verdict(*pair), *pair) for pair in combinations(sorted(self.lists), 2)]
        for verdict, one, other in sorted(pairs, key=lambda each: each[0] != "said"):
            if verdict in {"said", "same"} and not self._join(one, other):
                verdict = "unsure"
            if verdict == "unsure":
                unsure.add(frozenset((one, other)))
        first = self._first()
        found = {name: first[at] for name, at in self.of.items() if first[at] != name}
        bare = Names(MappingProxyType(found))
        codes = {name: self._codes(name, bare) for name in sorted(set(first.values()))}
        codes = {name: spelled for name, spelled in codes.items() if spelled}
        known = Names(bare.names, MappingProxyType(codes))
        return replace(known, doubts=(*self._doubts(unsure), *self._loose(known)))

    def _first(self) -> dict[str, str]:
        """Return, per class of names, the one it has here: the dataset's own, if it has one."""
        own = {each.id for each in self.own.dimensions}
        found: dict[str, str] = {}
        for name in sorted(self.of, key=lambda each: (each not in own, each)):
            found.setdefault(self.of[name], name)
        return found

    def _join(self, one: str, other: str) -> bool:
        """Make two names one, unless breakdowns of one dataset would become the same."""
        first, second = self.of[one], self.of[other]
        mine = [name for name, at in self.of.items() if at == first]
        theirs = [name for name, at in self.of.items() if at == second]
        if any(frozenset((a, b)) in self.apart for a in mine for b in theirs):
            return False
        self.of |= dict.fromkeys(theirs, first)
        return True

    def _verdict(self, one: str, other: str) -> str:
        """Return `said`, `same`, `unsure`, or nothing where two names are two breakdowns."""
        if frozenset((one, other)) in self.apart:
            return ""
        mine, theirs = self.lists[one], self.lists[other]
        said = {each.concept for each in mine} - {""}, {each.concept for each in theirs} - {""}
        if said[0] & {*said[1], other.casefold()} or said[1] & {one.casefold()}:
            return "said"  # a concept may be called as the other dataset's column is
        if all(said):
            return ""
        found = {_alike(a.codelist, b.codelist) for a in mine for b in theirs}
        return "same" if "same" in found else "unsure" if "unsure" in found else ""

    def _codes(self, name: str, bare: Names) -> dict[str, str]:
        """Return what codes of the breakdown of one name are spelled like here."""
        every = [bare.here(each) for lists in self.lists.values() for each in lists]
        lists = [each.codelist for each in every if each.id == name]
        sense: dict[Sense, str] = {}
        found: dict[str, str] = {}
        for codelist in lists:
            for code, means in _senses(codelist).items():
                here = sense.setdefault(means, code)
                if here != code and code not in {each.id for each in lists[0].codes}:
                    found[code] = here
        return found

    def _doubts(self, unsure: set[frozenset[str]]) -> list[Doubt]:
        """Return the doubts about names that the dataset itself has."""
        own = [each.id for each in self.own.dimensions]
        found = []
        for contract in self._newest():
            for here in own:
                for each in contract.dimensions:
                    pair = frozenset((here, each.id))
                    if pair in unsure and self.of[here] != self.of[each.id]:
                        found.append(Doubt(here, each.id, contract.slug))
        return found

    def _loose(self, known: Names) -> list[Doubt]:
        """Return the doubts about codes: each side has some that the other does not speak of."""
        found = []
        for contract in self._newest():
            for mine in self.own.dimensions:
                for each in contract.dimensions:
                    theirs = known.here(each)
                    if theirs.id == known.names.get(mine.id, mine.id):
                        codes = strangers(known.here(mine).codelist, theirs.codelist)
                        if codes:
                            found.append(Doubt(mine.id, each.id, contract.slug, codes))
        return found

    def _newest(self) -> list[Contract]:
        """Return the newest contract of every other dataset."""
        found: dict[str, Contract] = {}
        for each in self.others:
            found.setdefault(each.slug, each)
        return [each for slug, each in sorted(found.items()) if slug != self.own.slug]


def _senses(codelist: Codelist) -> dict[str, Sense]:
    """Return what each code means: its bracket, its name, or else the code itself."""
    spans = brackets(codelist)
    return {
        code.id: spans.get(code.id) or _word(code)
        for code in codelist.codes
        if code.id not in SPECIAL
    }


def _word(code: Code) -> str:
    return (code.name.get("nl") or code.id).strip().casefold()


def _alike(one: Codelist, other: Codelist) -> str:
    """Return `same` for two telling lists that are equal, `unsure` for two that might be."""
    mine, theirs = set(_senses(one).values()), set(_senses(other).values())
    if not mine or not theirs:
        return ""
    if mine == theirs and len(mine) > 1 and _telling(mine):
        return "same"
    spans = [any(isinstance(each, Bracket) for each in each) for each in (mine, theirs)]
    shared = len(mine & theirs)
    return "unsure" if all(spans) or shared >= ALIKE_MIN * min(len(mine), len(theirs)) else ""


def _telling(senses: set[Sense]) -> bool:
    """Say whether a list is known by its codes: brackets, words, or the sexes."""
    words = [each for each in senses if isinstance(each, str)]
    long = all(sum(sign.isalpha() for sign in each) >= WORD_LETTERS_MIN for each in words)
    return long or frozenset(words) in SEXES


def strangers(one: Codelist, other: Codelist) -> tuple[str, ...]:
    """Return the codes of two lists of which nothing says how they lie: both have some.

    Brackets say so themselves, unless they cross and do not reach equally far; codes that a list
    has a parent for do.
    """
    spans = {**brackets(other), **brackets(one)}
    clear = {
        code.id for each in (one, other) for code in each.codes if code.parent not in {None, TOTAL}
    }
    clear |= {code.parent or "" for each in (one, other) for code in each.codes}
    if not crossing(spans.values()) or overlaps((one, other)):
        clear |= set(spans)
    mine = {code.id for code in one.codes} - SPECIAL
    theirs = {code.id for code in other.codes} - SPECIAL
    more, less = sorted(mine - theirs - clear), sorted(theirs - mine - clear)
    return (*more, *less) if more and less else ()


def ways(name: str, lists: Sequence[Codelist]) -> tuple[Dimension, ...]:
    """Return the ways in which lists of one breakdown divide it: one, where all fit together.

    Brackets of one list lie in those of another as they say; what these leave of a bracket is a
    code of its own, that nobody has a row of. Where brackets cross, every list is a way by itself.
    """
    spans = {code: span for each in lists for code, span in brackets(each).items()}
    known = merged(lists, name)
    if not spans:
        return (Dimension(name, known),)
    if not crossing(spans.values()) and len(set(spans.values())) == len(spans):
        return (Dimension(name, _nested(known, spans)),)
    every: list[Codelist] = []
    for each in lists:
        found = replace(_nested(each, brackets(each)), id=name, name={})
        if found not in every:
            every.append(found)
    return tuple(Dimension(name, each) for each in every)


def declared(
    dimensions: Iterable[Dimension], kept: Sequence[str], concepts: Mapping[str, str]
) -> tuple[Dimension, ...]:
    """Return the breakdowns of these names, each with the concept that somebody says it has.

    Raises `Invalid` for a concept of a breakdown that is not there.
    """
    unknown = sorted(concepts.keys() - set(kept))
    if unknown:
        raise Invalid("BREAKDOWN_NONE", name=unknown[0][:60], known=", ".join(kept)[:200] or "-")
    return tuple(
        replace(each, concept=concepts.get(each.id, each.concept))
        for each in dimensions
        if each.id in kept
    )


def joined(before: Sequence[Dimension], after: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """Return the breakdowns with every code that either side knows."""
    known = {each.id: each.codelist.codes for each in before}
    found = []
    for each in after:
        codes = {code.id: code for code in (*known.get(each.id, ()), *each.codelist.codes)}
        found.append(replace(each, codelist=replace(each.codelist, codes=tuple(codes.values()))))
    return tuple(found)


def merged(lists: Iterable[Codelist], name: str) -> Codelist:
    """Return every code of some lists, as the first one says it that knows where it lies."""
    found: dict[str, Code] = {}
    for each in lists:
        for code in each.codes:
            first = found.setdefault(code.id, code)
            if first.parent is None and code.parent is not None:
                found[code.id] = replace(first, parent=code.parent)
    return Codelist(name, tuple(found.values()))


def _nested(codelist: Codelist, spans: Mapping[str, Bracket]) -> Codelist:
    above = nested(spans)
    codes = [
        replace(each, parent=above.get(each.id, each.parent))
        if each.parent in {None, TOTAL}
        else each
        for each in codelist.codes
    ]
    inside: dict[str, list[Bracket]] = {}
    for code in codes:
        if code.parent in spans and code.id in spans:
            inside.setdefault(code.parent or "", []).append(spans[code.id])
    for whole, parts in sorted(inside.items()):
        rests = (each.text for each in gaps(spans[whole], parts))
        codes += [Code(each, {}, parent=whole) for each in rests]
    return replace(codelist, codes=tuple(codes))


def overlaps(lists: Sequence[Codelist]) -> tuple[Link, ...]:
    """Return the pieces into which lists that cross cut one another: (list, piece, code).

    None where they do not cross, or do not reach equally far: then a piece may be nobody's.
    """
    spans = [brackets(each) for each in lists]
    spans = [each for each in spans if each]
    every = {each for one in spans for each in one.values()}
    if not crossing(every):
        return ()
    cut = pieces([each.values() for each in spans])
    named = {span: code for one in reversed(spans) for code, span in one.items()}
    found = []
    for number, one in enumerate(spans):
        low = {code: span for code, span in one.items() if code not in nested(one).values()}
        inside = [(piece, code) for code, span in low.items() for piece in cut if span.holds(piece)]
        if len(inside) != len(cut):
            return ()
        found += [
            (f"pieces{number}", named.get(piece, piece.text), code)
            for piece, code in inside
            if one[code] != piece
        ]
    return tuple(found)


def cuts_of(dimensions: Sequence[Dimension]) -> Cuts:
    """Return, per breakdown that lists divide in ways that cross, the pieces they are cut into."""
    lists: dict[str, list[Codelist]] = {}
    for each in dimensions:
        lists.setdefault(each.id, []).append(each.codelist)
    return {name: overlaps(every) for name, every in lists.items() if len(every) > 1}


def crossed(links: Sequence[Link]) -> tuple[Link, ...]:
    """Return the pieces of the parts of wholes that are divided in several ways, as links.

    Men and women, and brackets, of the same people: each piece lies in one part of every way. None
    for parts that are divided themselves, or where there would be too many.
    """
    ways: dict[str, dict[str, list[str]]] = {}
    for tree, child, parent in links:
        ways.setdefault(parent, {}).setdefault(tree, []).append(child)
    found = []
    for trees in ways.values():
        parts = [part for each in trees.values() for part in each]
        simple = len(set(parts)) == len(parts) and not any(part in ways for part in parts)
        if len(trees) > 1 and simple and prod(map(len, trees.values())) <= PIECES_MAX:
            for pieces_ in product(*trees.values()):
                name = " \N{MULTIPLICATION SIGN} ".join(pieces_)
                found += [(f"pieces{at}", name, part) for at, part in enumerate(pieces_)]
    return tuple(found)
