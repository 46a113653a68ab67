"""The people of this city who may do something here, and what: in the node's own table.

A person is who an identity provider says, by its issuer and subject; a role is given here and
nowhere else. What a provider says about roles, groups or addresses is not read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, col, select

from hanse.audit.entry import Entry
from hanse.errors import Conflict, Invalid, NotFound
from hanse.node import log
from hanse.node.proposals import person as spelled
from hanse.node.tables import Row, moment

NAME_MAX: Final = 100
IDENTITY_MAX: Final = 200
SUBJECT_MAX: Final = 255
ISSUER_MAX: Final = 300


class Role(StrEnum):
    """What somebody is here. `administrator` is nobody's: it is the way in when others fail."""

    DATA_MANAGER = "data-manager"
    CHECKER = "checker"
    DPO = "dpo"
    SECRETARY = "secretary"
    OPERATOR = "operator"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


GIVEN: Final = tuple(role for role in Role if role is not Role.ADMINISTRATOR)
"""The roles that a person can be given."""


class Duty(StrEnum):
    """Something a page lets a person do."""

    SEE_PROPOSALS = "see-proposals"
    APPROVE = "approve"
    TURN_DOWN = "turn-down"
    READ_LOG = "read-log"


MAY: Final[Mapping[Duty, frozenset[Role]]] = MappingProxyType(
    {
        Duty.SEE_PROPOSALS: frozenset(Role) - {Role.ANALYST},
        Duty.APPROVE: frozenset({Role.DATA_MANAGER, Role.CHECKER}),
        Duty.TURN_DOWN: frozenset({Role.DATA_MANAGER, Role.CHECKER, Role.ADMINISTRATOR}),
        Duty.READ_LOG: frozenset({Role.DPO, Role.SECRETARY}),
    }
)
"""Which roles each duty is of; whoever has none of them may not."""


class PersonRow(Row, table=True):
    """A person; `alias` is the other name they go by, such as that of their account here."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: int | None = Field(default=None, primary_key=True)
    issuer: str = Field(max_length=ISSUER_MAX)
    subject: str = Field(max_length=SUBJECT_MAX)
    name: str = Field(max_length=NAME_MAX)
    alias: str = Field(default="", max_length=NAME_MAX)
    added_at: str = Field(max_length=32)


class RoleRow(Row, table=True):
    """One role of one person."""

    __tablename__ = "person_role"

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    role: str = Field(primary_key=True, max_length=20)


@dataclass(frozen=True, slots=True)
class Person:
    """A person as others see them; `number` names them on the command line."""

    number: int
    issuer: str
    subject: str
    name: str
    alias: str
    roles: frozenset[Role]

    def may(self, duty: Duty) -> bool:
        """Say whether one of their roles is a role of this duty."""
        return bool(self.roles & MAY[duty])


def add(session: Session, new: PersonRow, roles: Sequence[str], now: datetime) -> Person:
    """Add a person with roles; `Conflict` where the provider's subject is known already."""
    checked = tuple(role_of(each) for each in roles)
    if not new.issuer or not new.subject or len(new.subject) > SUBJECT_MAX:
        raise Invalid("PERSON_SUBJECT")
    new.name, new.alias = spelled(new.name), spelled(new.alias) if new.alias else ""
    new.added_at = moment(now)
    if find(session, new.issuer, new.subject) is not None:
        raise Conflict("PERSON_EXISTS")
    session.add(new)
    session.flush()
    for role in checked:
        session.add(RoleRow(person_id=new.id or 0, role=role.value))
    session.flush()
    return _whole(session, new)


def remove(session: Session, number: int) -> Person:
    """Take a person and their roles out; their sessions end with them."""
    found = get(session, number)
    for row in session.exec(select(RoleRow).where(RoleRow.person_id == number)):
        session.delete(row)
    session.flush()
    session.delete(session.get_one(PersonRow, number))
    return found


def give(session: Session, number: int, role: str) -> Person:
    """Give a person a role; having it already changes nothing."""
    get(session, number)
    wanted = role_of(role)
    if session.get(RoleRow, (number, wanted.value)) is None:
        session.add(RoleRow(person_id=number, role=wanted.value))
        session.flush()
    return get(session, number)


def take(session: Session, number: int, role: str) -> Person:
    """Take a role from a person; not having it changes nothing."""
    get(session, number)
    row = session.get(RoleRow, (number, role_of(role).value))
    if row is not None:
        session.delete(row)
        session.flush()
    return get(session, number)


def named(issuer: str, subject: str) -> str:
    """Return the one name a person has in the log, where only a commitment to it stands."""
    return f"{issuer} {subject}"[:IDENTITY_MAX]


def note(session: Session, person: Person, event: str, role: str, now: datetime) -> None:
    """Write into the log that a person was added, removed, given a role, or lost one."""
    held = ",".join(sorted(person.roles))
    entry = Entry(
        kind="role",
        what={"event": event, "role": role or held},
        people={"about": named(person.issuer, person.subject)},
    )
    log.note(session, entry, now)


def role_of(text: str) -> Role:
    """Return the role of that name; `Invalid`, naming them all, for any other."""
    if text not in {each.value for each in GIVEN}:
        raise Invalid("ROLE_UNKNOWN", choice=", ".join(GIVEN))
    return Role(text)


def get(session: Session, number: int) -> Person:
    """Return a person by number; `NotFound` where there is none."""
    row = session.get(PersonRow, number)
    if row is None:
        raise NotFound("PERSON_UNKNOWN", number=number)
    return _whole(session, row)


def find(session: Session, issuer: str, subject: str) -> Person | None:
    """Return who a provider's subject is here, if anybody."""
    wanted = select(PersonRow).where(PersonRow.issuer == issuer, PersonRow.subject == subject)
    row = session.exec(wanted).first()
    return None if row is None else _whole(session, row)


def everybody(session: Session) -> tuple[Person, ...]:
    """Return the people, in the order they were added."""
    return tuple(
        _whole(session, row) for row in session.exec(select(PersonRow).order_by(col(PersonRow.id)))
    )


def _whole(session: Session, row: PersonRow) -> Person:
    number = row.id or 0
    held = session.exec(select(RoleRow.role).where(RoleRow.person_id == number))
    known = {role.value for role in GIVEN}
    return Person(
        number=number,
        issuer=row.issuer,
        subject=row.subject,
        name=row.name,
        alias=row.alias,
        roles=frozenset(Role(each) for each in held if each in known),
    )
