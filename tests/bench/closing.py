"""What closing a real upload costs, from draft to shielded: tax declarations of fifteen years.

    python -m tests.bench.closing

In the first run the code of the inner loops is compiled where it was not yet; only the last of two
counts. The digest is over the states of all cells: two versions that hide the same print the same.
"""

import hashlib
import tempfile
import time
from pathlib import Path

from tests.support.declarations import DATASET, loaded

from hanse.node import publish
from hanse.node.intake import draft as drafts
from hanse.node.press import open_press
from hanse.node.settings import read_settings

RUNS = 2


def main() -> None:
    """Load the upload once, prepare its release twice, and print what the last time took."""
    with tempfile.TemporaryDirectory() as folder:
        home = loaded(Path(folder)).home
        press = open_press(read_settings(home))
        for _ in range(RUNS):
            draft = drafts.load(home, DATASET)
            start = time.process_time()
            found = publish.prepare(press, draft).shielded
            seconds = time.process_time() - start
    states = found.cells.column("state").cast("string").to_pylist()
    digest = hashlib.sha256("\n".join(states).encode()).hexdigest()
    print(f"{found.cells.num_rows:,} cells, {seconds:.1f} s of processor time, {digest}")


if __name__ == "__main__":
    main()
