"""Whether one caller that asks too much is told to wait: the one check that sends many requests."""

from collections.abc import Iterator
from typing import Final

from hanse.cli.attest.finding import Finding, Suite, judge, skip
from hanse.cli.attest.line import Line

FREE_PATH: Final = "/v1/jwks"


def load(requests: int) -> Suite:
    """Return the check of the limit per caller, within so many requests; 0 tries none."""

    def checks(line: Line) -> Iterator[Finding]:
        if not requests:
            yield skip("T29", "a greedy caller is told to wait", "needs --load")
            return
        line.budget += requests
        pause, line.pause, line.patient = line.pause, 0.0, False
        try:
            for _ in range(requests):
                reply = line.get(FREE_PATH)
                if reply.status == 429:
                    wait = reply.header("retry-after")
                    yield judge("T29", "a greedy caller is told to wait", True)
                    yield judge("T29", "for whole seconds", wait.isdigit(), "Retry-After", wait)
                    health = line.get("/health/live").status
                    yield judge("T29", "it stays up", health == 200, "200", health)
                    return
            yield judge(
                "T29", "a greedy caller is told to wait", False, "429", f"none in {requests}"
            )
        finally:
            line.pause, line.patient = pause, True

    return checks
