"""Machine code for the inner loops where numba is installed, the same Python where it is not."""

import importlib
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast


def _numba() -> Any:
    try:
        return importlib.import_module("numba")
    except ImportError:  # pragma: no cover - a choice of whoever installs
        return None


NUMBA = _numba()

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def compiled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return the function compiled on its first call and kept on disk, or the function itself."""
    if NUMBA is None:
        return function
    # The loops allocate nothing; counting references to what they pass would be half the time.
    options = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    return cast("Callable[Arguments, Result]", NUMBA.njit(**options)(function))
