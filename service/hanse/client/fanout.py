"""One question to many nodes at once, under one deadline; every node is accounted for."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hanse.client.conversation import Conversation, Pulled
from hanse.client.deadline import Deadline
from hanse.client.outcome import NodeState, Outcome, state_of
from hanse.client.question import Question
from hanse.client.verification import Pin
from hanse.errors import HanseError
from hanse.wire import MemberEntry

GRACE_SECONDS: Final = 0.02
"""How long after the deadline a node's own account of it is waited for."""

Talk = Callable[[str, Pin], Conversation]


@dataclass(frozen=True, slots=True)
class Target:
    """One node and what it is asked; a `fault` that is known beforehand is its whole outcome.

    `levels` are those it offers, `inputs` the indicators that the asked one is computed from.
    """

    member: MemberEntry
    question: Question
    fault: HanseError | None = None
    levels: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()

    @property
    def blank(self) -> Outcome:
        """The outcome before anything is known."""
        return Outcome(
            agency=self.member.agency,
            name=self.member.name,
            node=self.member.base_url,
            dataset=self.question.dataset,
            state=NodeState.SLOW,
            index_age_seconds=self.member.harvest.age_seconds,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one target."""

    outcome: Outcome
    pulled: Pulled | None = None


async def ask_all(targets: Sequence[Target], talk: Talk, within: Deadline) -> tuple[Reply, ...]:
    """Ask every target; replies stand in the order of the targets.

    Returns at the deadline, whatever the nodes do. A target that had not ended by then is slow.
    """
    tasks = [asyncio.create_task(_ask(target, talk, within)) for target in targets]
    if tasks:
        await asyncio.wait(tasks, timeout=within.seconds_left + GRACE_SECONDS)
    replies = []
    for target, task in zip(targets, tasks, strict=True):
        if task.done():
            replies.append(task.result())
        else:
            task.cancel()
            replies.append(Reply(replace(target.blank, code="DEADLINE_PASSED")))
    await asyncio.gather(*tasks, return_exceptions=True)
    return tuple(replies)


async def _ask(target: Target, talk: Talk, within: Deadline) -> Reply:
    started = within.clock()
    try:
        if target.fault:
            raise target.fault
        conversation = talk(target.member.base_url, Pin.of(target.member))
        pulled = await conversation.pull(target.question, within)
    except HanseError as fault:
        failed = replace(
            target.blank,
            state=state_of(fault),
            code=fault.code,
            parameters=fault.parameters,
            seconds=within.clock() - started,
        )
        return Reply(failed)
    answered = replace(
        target.blank,
        state=NodeState.ANSWERED,
        cells=pulled.table.num_rows,
        release=pulled.release,
        manifest=pulled.manifest_digest,
        published_at=pulled.manifest.published_at,
        protocol=pulled.protocol,
        decision=pulled.decision,
        reused=pulled.reused,
        licence=pulled.manifest.licence,
        title=pulled.manifest.title,
        seconds=within.clock() - started,
    )
    return Reply(answered, pulled)
