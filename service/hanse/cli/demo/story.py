"""The whole story, played without a person: publish, harvest, search, sign in, pull, be refused,
compare while a node is down. Every step says what happened and whether it is what should."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hanse.cli.demo import staging
from hanse.cli.demo.cast import CITIES, PURPOSE, YEARS, City
from hanse.cli.demo.servers import Servers, until
from hanse.cli.demo.staging import WIDE_CITY, Stage
from hanse.client.federation import Federation, Wish
from hanse.errors import HanseError

COMPARE_SECONDS = 3.0
MARKS = ("comparable", "break", "other-definition")
"""Planted: Aalst counted otherwise from one year on, Turnhout uses an older definition."""
HIDDEN = 4
"""Planted: one small district in two years, and in each another that would give it back."""

COUNT, SHARE, GOVERNED = "v1101_t", "vp1101_jong", "welzijn/v1401_leefloon"


@dataclass(slots=True)
class Story:
    """What happened, step by step."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Play one step: what it finds goes into the dict, `ok` is False until it says so."""
        found: dict[str, Any] = {"step": name, "ok": False}
        begin = time.monotonic()
        try:
            yield found
        except HanseError as fault:
            found["ok"] = False
            found["fault"] = str(fault)
        finally:
            found["seconds"] = round(time.monotonic() - begin, 3)
            self.steps.append(found)

    @property
    def ok(self) -> bool:
        """Whether every step so far was what it should be."""
        return bool(self.steps) and all(step["ok"] for step in self.steps)

    @property
    def faults(self) -> list[str]:
        """What went wrong, a line per step."""
        return [f"{step['step']}: {step['fault']}" for step in self.steps if "fault" in step]

    def document(self) -> dict[str, Any]:
        """Return the whole story as one JSON object."""
        return {
            "schema": 1,
            "ok": self.ok,
            "seconds": round(time.monotonic() - self.started, 3),
            "steps": self.steps,
        }


def publish(story: Story, stage: Stage) -> None:
    """Make the houses; every city publishes, approved by a second person."""
    with story.step("publish") as found:
        list(staging.write_files(stage.folder / "files"))
        staging.catalogue(stage)
        found["releases"] = {
            city.name: staging.node(stage, city, stage.folder / "files") for city in CITIES
        }
        found["ok"] = all(len(each) == 2 for each in found["releases"].values())


def enrol(story: Story, stage: Stage, look: Callable[[], Federation]) -> None:
    """Every city becomes a member, its fingerprint compared; the catalogue harvests."""
    from hanse.catalog import members
    from hanse.catalog.settings import read_settings as catalog_settings
    from hanse.node import membership
    from hanse.node.home import signing_key
    from hanse.node.settings import read_settings
    from hanse.store.clock import now
    from hanse.store.engine import create
    from hanse.store.session import transaction

    with story.step("harvest") as found, look() as federation:
        engine = create(catalog_settings(stage.catalogue_home).database)
        for city in CITIES:
            settings = read_settings(stage.node_home(city))
            answer = membership.enrol(settings, signing_key(settings.home), now())
            with transaction(engine) as session:
                members.approve(session, answer.agency, answer.fingerprint, now())
            membership.announce(settings)
        until(lambda: _indexed(federation), "harvest")
        roster = federation.catalogue.members()
        found["members"] = {each.name: each.harvest.state for each in roster}
        found["ok"] = len(found["members"]) == len(CITIES)


def _indexed(federation: Federation) -> bool:
    return federation.search("jongeren").total > 0 and all(
        each.harvest.state == "fresh" for each in federation.catalogue.members()
    )


def ask(story: Story, look: Callable[[], Federation]) -> None:
    """Search, sign in, pull what the protocol opens, and be refused what it does not."""
    wide = next(city for city in CITIES if city.slug == WIDE_CITY)
    narrow = next(city for city in CITIES if city.slug == "turnhout")
    with look() as federation:
        with story.step("search") as found:
            hits = federation.search("jongeren").hits
            found["hits"] = [hit.name.get("nl", hit.id) for hit in hits]
            found["ok"] = any(hit.id == SHARE for hit in hits)
        with story.step("sign-in") as found:
            federation.node(wide.agency).sign_in(PURPOSE)
            found["node"], found["ok"] = wide.name, True
        with story.step("pull") as found:
            pulled = federation.get(GOVERNED, _wish(wide, "wijk"))
            hidden = pulled.table.column("obs_status").to_pylist().count("Q")
            values = pulled.table.column("obs_value").null_count
            found |= {"city": wide.name, "cells": pulled.table.num_rows, "hidden": hidden}
            found["protocol"] = pulled.outcomes[0].protocol
            rows = len(wide.districts) * len(YEARS)
            found["ok"] = pulled.table.num_rows == rows and hidden == values == HIDDEN
        with story.step("refused") as found:
            refused = federation.get(GOVERNED, _wish(narrow, "wijk")).outcomes[0]
            found |= {"city": narrow.name, "code": refused.code, "why": refused.sentence("nl")}
            found["ok"] = refused.state == "refused"


def compare(story: Story, servers: Servers, look: Callable[[], Federation]) -> None:
    """Lay the cities side by side: all of them, then while one of them is down."""
    wish = Wish(periods=f"{YEARS[0]}:{YEARS[-1]}")
    with story.step("compare") as found, look() as federation:
        side = federation.compare(COUNT, wish, COMPARE_SECONDS)
        marks = Counter(side.table.column("mark").to_pylist())
        found |= {"cells": side.table.num_rows, "marks": dict(sorted(marks.items()))}
        found["ok"] = side.complete and set(MARKS) <= set(marks)
    down = CITIES[-1]
    with story.step("one-down") as found, look() as federation:
        servers.stop(down)
        side = federation.compare(COUNT, wish, COMPARE_SECONDS)
        found["seconds_of_deadline"] = [round(side.seconds, 3), COMPARE_SECONDS]
        found["nodes"] = {each.name: each.state.value for each in side.outcomes}
        found["why_not"] = {each.name: each.why("nl") for each in side.outcomes if each.code}
        answered = {name for name, state in found["nodes"].items() if state == "answered"}
        found["ok"] = (
            answered == {city.name for city in CITIES if city is not down}
            and found["nodes"].get(down.name) not in {None, "answered"}
            and side.seconds <= COMPARE_SECONDS + 0.25
        )


def _wish(city: City, level: str) -> Wish:
    return Wish(level=level, cities=(city.agency,), purpose=PURPOSE)
