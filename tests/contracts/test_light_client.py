"""The SDK and the command line start without the packages that only a server needs."""

import subprocess
import sys

import pytest

HEAVY = ("fastapi", "starlette", "sqlmodel", "sqlalchemy", "authlib", "uvicorn", "tantivy", "numba")

PROBE = """
import sys, {module}
print([name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.parametrize("module", ["hanse.client", "hanse.cli.main"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    code = PROBE.format(module=module, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_help_answers_without_a_role_being_loaded() -> None:
    code = (
        "import sys\nfrom hanse.cli.main import build\n"
        f"build()\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
