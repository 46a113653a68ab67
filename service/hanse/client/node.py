"""One node, for code that waits: its feed, its releases, its cells and its reasons."""

from functools import partial
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

import pyarrow as pa

from hanse.client.answers import Model, word
from hanse.client.cells import check_cells
from hanse.client.conversation import ARROW, Edition, Pulled, Wanted
from hanse.client.deadline import Deadline
from hanse.client.download import FILE_BYTES, Saved, save
from hanse.client.line import Line, networks_of
from hanse.client.question import Question
from hanse.client.receipts import Receipt
from hanse.client.signin import Credentials
from hanse.client.verification import NO_PIN, Pin, SignedManifest, check_digest
from hanse.errors import Invalid
from hanse.outbound import Answer, BulkAnswer, Transport
from hanse.wire import (
    Changes,
    DatasetEntry,
    Datasets,
    Explanation,
    Feed,
    NodeDescription,
    Permitted,
    Releases,
)

DOWNLOAD_SECONDS: Final = 600.0


class NodeClient:
    """Asks one node. `pin` holds the keys its statements must be signed with (`Catalogue.node`).

    Every method raises words of `hanse.errors`: `Refused` with the node's reason, `NotFound`,
    `Unavailable`, `Invalid` for an answer that is not what was signed.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        pin: Pin = NO_PIN,
        transport: Transport | None = None,
        line: Line | None = None,
    ) -> None:
        self._own = line is None
        self._line = line or Line.open(credentials, transport=transport, networks=networks_of(url))
        self._talk = self._line.conversation(url, pin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they belong to a line that was handed in."""
        if self._own:
            self._line.close()

    @property
    def url(self) -> str:
        """The node's address, as it is registered."""
        return self._talk.url

    def node(self) -> NodeDescription:
        """Return what the node says of itself."""
        return self._body(NodeDescription, Wanted("/v1/node"))

    def feed(self) -> Feed:
        """Return the node's signed snapshot, its signature verified."""
        return self._line.wait(self._talk.feed)

    def changes(self, since: int = 0) -> Changes:
        """Return the events after a cursor, and the next cursor."""
        return self._body(Changes, Wanted(f"/v1/changes?{urlencode({'since': since})}"))

    def datasets(self) -> Datasets:
        """Return the datasets that this caller may know of."""
        return self._body(Datasets, Wanted("/v1/datasets"))

    def dataset(self, dataset: str, purpose: str = "") -> DatasetEntry:
        """Return what the node tells about a dataset."""
        return self._body(DatasetEntry, _about(dataset, "", purpose))

    def releases(self, dataset: str, purpose: str = "") -> Releases:
        """Return the releases of a dataset."""
        return self._body(Releases, _about(dataset, "/releases", purpose))

    def permitted(self, dataset: str, purpose: str = "") -> Permitted:
        """Return what the protocols open to this caller."""
        return self._body(Permitted, _about(dataset, "/permitted", purpose))

    def manifest(self, dataset: str, release: str, purpose: str = "") -> SignedManifest:
        """Return the signed manifest of a release, verified, with its digest."""
        edition = Edition(dataset, release, purpose=purpose)
        return self._line.wait(partial(self._talk.manifest, edition))

    def pull(self, question: Question, seconds: float | None = None) -> Pulled:
        """Return the cells that a question opens, verified against the signed release."""
        return self._line.wait(partial(self._talk.pull, question), seconds)

    def pull_all(self, question: Question, seconds: float = DOWNLOAD_SECONDS) -> Pulled:
        """Return a whole dataset, or much of one, read straight into Arrow.

        Text stays dictionary-coded. The whole body is held against its digest after reading.
        """
        wanted = Wanted(
            f"{question.target('arrow')}&codec=raw", ARROW, question.dataset, question.purpose
        )
        within = Deadline.after(seconds)
        for _ in range(3):
            headers = self._line.blocking.run(self._talk.headers(wanted, within))
            ask = self._talk.request(wanted, headers, within.limits(FILE_BYTES))
            with self._line.blocking.way.bulk(ask) as opened:
                if opened.status == 200:
                    return self._bulk(question, opened, within)
                body = opened.read(1 << 20)
            answer = Answer(opened.peer, opened.status, opened.headers, body)
            if not self._talk.may_try(answer, wanted, headers):
                break
        raise word(answer)

    def save(
        self,
        question: Question,
        file: Path,
        file_format: str = "parquet",
        seconds: float = DOWNLOAD_SECONDS,
    ) -> Saved:
        """Save the node's own file (parquet, csv, xlsx, json, arrow); goes on after a break."""
        return self._line.wait(
            lambda within: save(self._talk, question, file, file_format, within), seconds
        )

    def explain(self, question: Question) -> Explanation:
        """Return why a cell is hidden or missing, or why a question is refused."""
        return self._line.wait(partial(self._talk.explain, question))

    def prove(self, receipt: Receipt) -> Receipt:
        """Return a receipt with the node's proof that its log says so; `Invalid` where not."""
        return self._line.wait(partial(self._talk.prove, receipt))

    def sign_in(self, purpose: str = "") -> None:
        """Get a token for this node; raises what stands in the way."""
        self._line.wait(partial(self._talk.sign_in, purpose))

    def _body(self, model: type[Model], wanted: Wanted) -> Model:
        return self._line.wait(partial(self._talk.body, model, wanted))

    def _bulk(self, question: Question, opened: BulkAnswer, within: Deadline) -> Pulled:
        with _arrow(opened) as reader:
            table = check_cells(reader.read_all(), self.url)
        check_digest(opened.headers, opened.finish(), self.url)
        signed = self._line.blocking.run(self._talk.signed(question, opened.headers, within))
        return self._talk.pulled(table, signed, opened.headers)


def _about(dataset: str, ending: str, purpose: str) -> Wanted:
    path = f"/v1/datasets/{quote(dataset, safe='')}{ending}"
    return Wanted(path, dataset=dataset, purpose=purpose)


def _arrow(opened: BulkAnswer) -> Any:
    try:
        return pa.ipc.open_stream(opened)
    except pa.ArrowException as fault:
        raise Invalid("ANSWER_CELLS", peer=opened.peer) from fault
