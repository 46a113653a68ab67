"""The datasets of a node: each one's contract, and which release of it is the current one."""

from functools import lru_cache

import orjson
from sqlmodel import Field, Session, col, select

from hanse.cube.contract import Access, Contract
from hanse.errors import NotFound
from hanse.node import contracts
from hanse.node.tables import Row
from hanse.policies.canonical import digest

_CONTRACTS_MAX = 256


class Dataset(Row, table=True):
    """One dataset. `current_…` are empty until something is published, or when all is withdrawn."""

    __tablename__ = "dataset"

    slug: str = Field(primary_key=True, max_length=63)
    contract_text: str
    contract_digest: str = Field(max_length=72)
    access: str = Field(max_length=16, index=True)
    listed: bool
    theme: str = Field(max_length=100, index=True)
    current_no: int | None = None
    current_id: str | None = Field(default=None, max_length=32)
    current_digest: str | None = Field(default=None, max_length=72)
    changed_at: str = Field(max_length=32)

    @property
    def contract(self) -> Contract:
        """The contract, as it was when it was last published."""
        return _read(self.contract_text)

    @property
    def in_feed(self) -> bool:
        """Whether strangers may know that it exists."""
        return self.listed and self.access != Access.INTERNAL.value


def find(session: Session, slug: str) -> Dataset | None:
    """Return a dataset, or None."""
    return session.get(Dataset, slug)


def get(session: Session, slug: str) -> Dataset:
    """Return a dataset; `NotFound` where there is none."""
    found = find(session, slug)
    if found is None:
        raise NotFound("DATASET_UNKNOWN", dataset=slug[:64])
    return found


def all(session: Session) -> tuple[Dataset, ...]:  # noqa: A001 datasets.all(session) reads as meant
    """Return every dataset, by its slug."""
    return tuple(session.exec(select(Dataset).order_by(col(Dataset.slug))))


def put(session: Session, contract: Contract, at: str) -> Dataset:
    """Store a dataset's contract, new or in the place of the one before; return its row."""
    row = find(session, contract.slug) or Dataset(
        slug=contract.slug,
        contract_text="",
        contract_digest="",
        access="",
        listed=False,
        theme="",
        changed_at=at,
    )
    content = contract_bytes(contract)
    row.contract_text = content.decode()
    row.contract_digest = digest(content)
    row.access = contract.access.value
    row.listed = contract.listed
    row.theme = contract.theme
    row.changed_at = at
    session.add(row)
    session.flush()
    return row


def contract_bytes(contract: Contract) -> bytes:
    """Return a contract as JSON with sorted keys: what its digest is taken of."""
    return orjson.dumps(contracts.dump(contract), option=orjson.OPT_SORT_KEYS)


@lru_cache(maxsize=_CONTRACTS_MAX)
def _read(text: str) -> Contract:
    return contracts.load(orjson.loads(text))
