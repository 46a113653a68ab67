"""How far a run is: told to whoever waits for it, stage by stage."""

from collections.abc import Callable
from typing import Final

Progress = Callable[[str, float], None]
"""Takes the stage that begins or goes on, and how much of the whole is done (0 … 1)."""

SUPPRESS, REPAIR, PRUNE, PROVE = "suppress", "repair", "prune", "prove"
BEGINS: Final = {SUPPRESS: 0.02, REPAIR: 0.1, PRUNE: 0.45, PROVE: 0.95}
"""Where each stage begins, as seen on tables of ten thousand to a hundred thousand cells."""


def silent(stage: str, done: float) -> None:
    """Tell nobody."""


def within(progress: Progress, stage: str, until: str) -> Callable[[float], None]:
    """Return how a stage tells how much of itself is done (0 … 1)."""
    start, end = BEGINS[stage], BEGINS[until]
    return lambda done: progress(stage, start + (end - start) * min(max(done, 0.0), 1.0))
