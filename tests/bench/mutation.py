"""How many small faults in the rules the tests find: one operator, number or word changed a time.

Each mutant is a fork of this process. The tests of a module are collected once; in the fork, the
function that is changed gets its new code, and the tests run until one fails. What no function
holds (tables, fields), and what survived so, is tried again in a fork where everything is imported
anew over the changed module: what was made while the tests were collected counts too. A survivor is
printed with its line: it needs a test, or a reason why the change changes nothing.
"""

import ast
import copy
import gc
import importlib
import importlib.abc
import importlib.util
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest
from tests.bench.report import Report, Table

POLICIES = Path("policies/hanse/policies")
_DECISION = ("tests/spec/test_decision.py", "tests/spec/test_clauses.py")
_SAID = ("tests/spec/test_statements.py",)
TESTS = {
    "decision": _DECISION,
    "clauses": _DECISION,
    "extents": _DECISION,
    "request": _DECISION,
    "register": _DECISION,
    "protocol": ("tests/spec/test_protocol_form.py", *_SAID, *_DECISION),
    "difference": ("tests/spec/test_amendments.py",),
    "lifecycle": ("tests/spec/test_lifecycle.py", *_SAID),
    "statements": _SAID,
    "signatures": ("tests/spec/test_signatures.py", *_SAID),
}
"""The tests of each module."""

SECONDS_MAX = 60

EQUIVALENT = (
    "@dataclass(",  # frozen and slotted: no answer depends on it
    "_BYTES",  # a size that a test reaches only by holding it in memory twice
    "MAX_CHARACTERS",  # no statement of the fixed form comes near it
    "MAX_STATEMENTS",  # kept by the node, tested there
    "_CACHED",  # what is remembered changes no answer
    "(one.client is None, one.rank) <",  # of equal rank is only one agreement found twice
    "start.start_date > end.end_date",  # no period begins on the day it ends
    "TypeVar(",  # its name is for the type checker
    '[] if each.protocol.data.datasets == "all"',  # found twice is found once
    "Effect = Literal[",  # for the type checker
    "include_url=False",  # parts of a fault that nothing reads
    "raise ValueError(",  # caught where it stands; its words reach nobody
)
"""Words in a line whose change changes no answer, each with its reason."""

UNEQUAL = (
    ("was.start <= now.start", "LtE swapped"),
    ("now.end <= was.end", "LtE swapped"),
    ("now.group_size_min < was.group_size_min", "Lt swapped"),
    ("_ONWARD.index(now.onward) > ", "Gt swapped"),
)
"""Comparisons of what is not equal there, so that with or without equal is the same."""

_SENTENCE_BLANKS = 2
"""A text with so many blanks is a sentence for readers: no answer depends on it."""

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One module with one change."""

    module: str
    line: int
    what: str
    tree: ast.Module


def mutants(module: str) -> Iterator[Mutant]:
    """Yield every mutant of a module of the rules."""
    source = (POLICIES / f"{module}.py").read_text("utf-8")
    tree = ast.parse(source)
    lines = source.splitlines()
    places = list(ast.walk(tree))
    skipped, named = _untested(tree), _annotations(tree)
    for number, node in enumerate(places):
        line = getattr(node, "lineno", 0)
        if (
            line in skipped
            or id(node) in named
            or any(word in lines[line - 1] for word in EQUIVALENT)
        ):
            continue
        for what, change in _changes(node):
            if any(words in lines[line - 1] and what == told for words, told in UNEQUAL):
                continue
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[number]
            change(target)
            yield Mutant(module, line, what, ast.fix_missing_locations(changed))


def _untested(tree: ast.Module) -> set[int]:
    """Return the lines of annotations, imports, asserts and texts for readers."""
    found: set[int] = set()
    for node in ast.walk(tree):
        plain = isinstance(node, ast.Import | ast.ImportFrom | ast.Assert)
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and (plain or text):
            found |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def _annotations(tree: ast.Module) -> set[int]:
    """Return the parts of annotations: they are for the type checker."""
    roots = [
        found
        for node in ast.walk(tree)
        for name in ("annotation", "returns")
        if (found := getattr(node, name, None)) is not None
    ]
    return {id(part) for root in roots for part in ast.walk(root)}


def _changes(node: ast.AST) -> Iterator[tuple[str, "Change"]]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            yield f"{_name(operator)} swapped", _Swap("ops", place)
    if isinstance(node, ast.BoolOp) or (isinstance(node, ast.BinOp) and type(node.op) in _SWAPS):
        yield f"{_name(node.op)} swapped", _Swap("op", None)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", _Unnot()
    if isinstance(node, ast.Constant) and _is_told(node.value):
        yield f"{node.value!r} changed", _Other()
    if isinstance(node, ast.If | ast.IfExp):
        yield "condition turned", _Turn()


def _is_told(value: object) -> bool:
    if isinstance(value, str):
        return value != "" and value.count(" ") < _SENTENCE_BLANKS
    return isinstance(value, bool | int)


class _Swap:
    def __init__(self, field: str, place: int | None) -> None:
        self._field, self._place = field, place

    def __call__(self, node: ast.AST) -> None:
        held = getattr(node, self._field)
        if self._place is None:
            setattr(node, self._field, _SWAPS[type(held)]())
        else:
            held[self._place] = _SWAPS[type(held[self._place])]()


class _Unnot:
    def __call__(self, node: ast.AST) -> None:
        assert isinstance(node, ast.UnaryOp)
        node.op = ast.UAdd()
        node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])


class _Other:
    def __call__(self, node: ast.AST) -> None:
        assert isinstance(node, ast.Constant)
        value = node.value
        if isinstance(value, bool):
            node.value = not value
        elif isinstance(value, int):
            node.value = value + 1
        elif isinstance(value, str):
            node.value = f"X{value[1:]}"  # no part of it is left for a test that looks for a part


class _Turn:
    def __call__(self, node: ast.AST) -> None:
        assert isinstance(node, ast.If | ast.IfExp)
        node.test = ast.UnaryOp(ast.Not(), node.test)


Change = _Swap | _Unnot | _Other | _Turn


def _name(operator: ast.AST) -> str:
    return type(operator).__name__


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant in the place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._name, self._tree = _named(mutant.module), mutant.tree

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(_compiled(self._tree, self._name), module.__dict__)  # noqa: S102 our own code


def _named(module: str) -> str:
    return f"hanse.policies.{module}"


def _compiled(tree: ast.Module, name: str) -> CodeType:
    return compile(tree, name, "exec")


Live = dict[str, list[FunctionType]]
"""The functions of a loaded module, by their place."""


def live(module: str) -> Live:
    """Return the functions of a module as they stand in memory, wrapped ones too."""
    file = importlib.import_module(_named(module)).__file__
    found: Live = {}
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == file:
            found.setdefault(_place(each.__code__), []).append(each)
    return found


def put(mutant: Mutant, codes: dict[str, CodeType], held: Live) -> bool:
    """Give the functions of a loaded module a mutant's code; say whether that is all of it.

    `codes` are the functions of the module without a change, by their place.
    """
    changed = _functions(_compiled(mutant.tree, _named(mutant.module)))
    places = [place for place, code in codes.items() if changed.get(place) != code]
    if not places or any(place not in held or place not in changed for place in places):
        return False
    for place in places:
        for each in held[place]:
            each.__code__ = changed[place]
    return True


def _functions(code: CodeType) -> dict[str, CodeType]:
    """Return the functions of a module and of its classes, not those within a function."""
    found: dict[str, CodeType] = {}
    for each in code.co_consts:
        if isinstance(each, CodeType) and "<locals>" not in each.co_qualname:
            found[_place(each)] = each
            if "." not in each.co_qualname or each.co_name == each.co_qualname:
                found |= _functions(each)
    return found


def _place(code: CodeType) -> str:
    return f"{code.co_qualname}:{code.co_firstlineno}"


class _Loop:
    """Stands in for the running of tests: once for every mutant, each in a fork."""

    def __init__(self, module: str, found: list[Mutant]) -> None:
        self.fine, self.alive = False, list[Mutant]()
        self._mutants = found
        tree = ast.parse((POLICIES / f"{module}.py").read_text("utf-8"))
        self._codes = _functions(_compiled(tree, _named(module)))
        self._module = module
        self._child = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Return None in a fork: pytest then runs the tests as ever."""
        held = live(self._module)
        gc.freeze()
        self.fine = self._passes(lambda: True)
        for mutant in self._mutants if self.fine and not self._child else ():
            if self._passes(lambda each=mutant: put(each, self._codes, held)):  # type: ignore[misc]
                self.alive.append(mutant)
            if self._child:
                break
        return None if self._child else True

    def _passes(self, prepare: Callable[[], bool]) -> bool:
        child = os.fork()
        if child == 0:
            self._child = True
            _limit()
            if not prepare():
                os._exit(0)  # not to be had in this way: it survives until it is tried anew
            return False
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == 0


def _limit() -> None:
    signal.signal(signal.SIGALRM, lambda *_: os._exit(2))
    signal.alarm(SECONDS_MAX)


def survivors(module: str, found: list[Mutant]) -> list[Mutant]:
    """Return the mutants of a module that no test finds."""
    parent = os.getpid()
    loop = _Loop(module, found)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = pytest.main([*_PLAIN, *TESTS[module]], plugins=[loop])
    if os.getpid() != parent:
        os._exit(int(code))
    if not loop.fine:
        raise RuntimeError(f"the tests of {module} fail without any change")
    return [each for each in loop.alive if _survives_anew(each)]


_PLAIN = ("-x", "-q", "--assert=plain", "-p", "no:cacheprovider")


def _survives_anew(mutant: Mutant) -> bool:
    """Say whether all tests pass where everything is imported over a mutant."""
    child = os.fork()
    if child == 0:
        os._exit(_judged(mutant))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _judged(mutant: Mutant) -> int:
    _limit()
    for name in [*sys.modules]:
        if name.startswith(("hanse.", "tests.")):
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant))
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            return int(pytest.main([*_PLAIN, *TESTS[mutant.module]]))
        except BaseException:
            return 3


def run(only: str = "") -> Report:
    """Return the share of mutants that the tests find, per module, with the survivors.

    `only` is the name of one module.
    """
    import tests.support.agreed  # noqa: F401 what is imported here need not be in every fork

    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    every = left = 0
    for module in (only,) if only else TESTS:
        began = _processor_seconds()
        found = list(mutants(module))
        alive = survivors(module, found)
        notes += [f"{module}.py:{each.line} {each.what}" for each in alive]
        rows.append(_row(module, len(found), len(alive), _processor_seconds() - began))
        every, left = every + len(found), left + len(alive)
    rows.append(_row("all", every, left, sum(float(row[4].split(" ")[0]) for row in rows)))
    columns = ("module", "mutants", "found", "score", "CPU time")
    return Report(
        name="mutation",
        command="python -m tests.bench mutation --write",
        tables=(Table(columns, tuple(rows)),),
        notes=tuple(notes) or ("no survivor",),
    )


def _processor_seconds() -> float:
    return sum(os.times()[:4])


def _row(module: str, every: int, left: int, seconds: float) -> tuple[str, ...]:
    found = every - left
    return module, str(every), str(found), f"{found / every:.1%}", f"{seconds:.0f} s"
