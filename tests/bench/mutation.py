"""How many small faults in the rules the tests find: one operator, number or word changed a time.

Each mutant is a fork of this process in which one module of the rules is compiled from a changed
tree; it dies when the tests of the rules fail. A survivor is printed with its line: it needs a
test, or a reason why the change changes nothing.
"""

import ast
import copy
import importlib.abc
import importlib.util
import io
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest
from tests.bench.report import Report, Table

POLICIES = Path("policies/hanse/policies")
TESTS = {
    "decision": ("tests/spec/test_decision.py", "tests/spec/test_clauses.py"),
    "lifecycle": ("tests/spec/test_protocol_form.py", "tests/spec/test_statements.py"),
    "signatures": ("tests/spec/test_signatures.py", "tests/spec/test_statements.py"),
    "statements": ("tests/spec/test_statements.py",),
}
"""The tests of each module."""

SECONDS_MAX = 60

EQUIVALENT = (
    "@dataclass(",  # frozen and slotted: no answer depends on it
    "_BYTES",  # a size that a test reaches only by holding it in memory twice
    "MAX_CHARACTERS",  # no statement of the fixed form comes near it
    "MAX_STATEMENTS",  # kept by the node, tested there
    "_CACHED",  # what is remembered changes no answer
)
"""Words in a line whose change changes no answer, each with its reason."""

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
    return isinstance(value, bool | int) or (isinstance(value, str) and value != "")


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
            node.value = f"{value}X"


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
        self._name, self._tree = f"hanse.policies.{mutant.module}", mutant.tree

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, self._name, "exec"), module.__dict__)  # noqa: S102 our own code


def survives(mutant: Mutant) -> bool:
    """Say whether all tests pass with a mutant: in a fork, so that nothing of it stays."""
    child = os.fork()
    if child == 0:
        os._exit(_judged(mutant))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _judged(mutant: Mutant) -> int:
    signal.signal(signal.SIGALRM, lambda *_: os._exit(2))
    signal.alarm(SECONDS_MAX)
    for name in [*sys.modules]:
        if name.startswith(("hanse.", "tests.")):
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant))
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            return int(pytest.main(["-x", "-q", "--assert=plain", *TESTS[mutant.module]]))
        except BaseException:
            return 3


def run() -> Report:
    """Return the share of mutants that the tests find, per module, with the survivors."""
    import tests.support.agreed  # noqa: F401 what is imported here need not be in every fork

    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for module in TESTS:
        tree = ast.parse((POLICIES / f"{module}.py").read_text("utf-8"))
        if not survives(Mutant(module, 0, "nothing changed", tree)):
            raise RuntimeError(f"the tests of {module} fail without any change")
        began, found, left = time.monotonic(), 0, 0
        for mutant in mutants(module):
            if survives(mutant):
                left += 1
                notes.append(f"{module}.py:{mutant.line} {mutant.what}")
            else:
                found += 1
        share = found / (found + left)
        seconds = time.monotonic() - began
        rows.append((module, str(found + left), str(found), f"{share:.1%}", f"{seconds:.0f} s"))
    columns = ("module", "mutants", "found", "score", "time")
    return Report(
        name="mutation",
        command="python -m tests.bench mutation",
        tables=(Table(columns, tuple(rows)),),
        notes=tuple(notes) or ("no survivor",),
    )
