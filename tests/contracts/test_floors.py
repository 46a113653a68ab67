"""No library is installed that is older than the release that mended a known weakness of it.

Advisory services need the network; this list is looked at without one.
"""

import re
from importlib.metadata import version

import pytest
from tests.support.needs import ROOT

FLOORS = {
    "authlib": (
        (1, 9),
        "CVE-2025-59420, CVE-2025-68158, CVE-2026-28802, CVE-2026-27962, CVE-2026-28498",
    ),
    "joserfc": ((1, 8), "GHSA-gg9x-qcx2-xmrh"),
    "starlette": ((1, 10), "CVE-2025-62727, CVE-2026-48710, CVE-2026-54283"),
    "pyarrow": ((23, 0, 1), "CVE-2023-47248, CVE-2026-25087"),
    "jinja2": ((3, 1, 6), "CVE-2025-27516"),
    "h11": ((0, 16), "CVE-2025-43859"),
}
NOT_HERE = ("pyjwt", "python-multipart", "python-jose")


def parts(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


@pytest.mark.parametrize("name", FLOORS)
def test_no_dependency_is_older_than_a_known_weakness(name: str) -> None:
    floor, why = FLOORS[name]
    assert parts(version(name)) >= floor, why
    locked = re.search(rf"^{name}==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert locked
    assert parts(locked[1]) >= floor, why


def test_every_locked_dependency_has_its_digest() -> None:
    lines = (ROOT / "requirements.lock").read_text().replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if re.match(r"[a-z0-9]", line)]
    assert len(pinned) > 50
    assert [line[:40] for line in pinned if "==" not in line or "--hash=sha256:" not in line] == []


def test_libraries_we_replaced_are_not_locked() -> None:
    locked = (ROOT / "requirements.lock").read_text()
    assert [name for name in NOT_HERE if re.search(rf"^{name}==", locked, re.MULTILINE)] == []
