"""An import that is killed at any moment leaves the draft that was there, or the new one, whole."""

import random
import subprocess
import sys
import time
from pathlib import Path

from tests.support.workbooks import HEAD, drafted

from hanse.node.intake import draft

ROUNDS = 12

_WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from hanse.node.intake import draft
home = Path(sys.argv[1])
known = draft.load(home, "proef")
print("ready", flush=True)
number = 0
while True:
    number += 1
    draft.save(home, replace(known, sources=(str(number),)))
"""


def test_a_killed_import_never_leaves_half_a_draft(tmp_path: Path) -> None:
    made = drafted({"s": [(*HEAD, "v1"), *((1900 + y, "gemeente", "41002", y) for y in range(99))]})
    draft.save(tmp_path, made)
    moments = random.Random(7)  # noqa: S311 moments, not secrets
    for _ in range(ROUNDS):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(moments.random() / 20)
            writer.kill()
        assert draft.load(tmp_path, "proef").cells.equals(made.cells)
    draft.save(tmp_path, made)
    assert draft.load(tmp_path, "proef").sources == made.sources
