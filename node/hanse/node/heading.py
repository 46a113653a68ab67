"""What an answer of this node says about itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, overload
from urllib.parse import urlencode

from hanse.cube.query import Query
from hanse.dialects.heading import Heading
from hanse.node.answer import Answer
from hanse.node.settings import NodeSettings
from hanse.wire import Manifest

_RELEASES_MAX: Final = 64


def heading(settings: NodeSettings, answer: Answer, query: Query) -> Heading:
    """Return the heading of an answer: its release, its protocol and the question, pinned."""
    release, permit = answer.manifest, answer.permit
    asked = parameters(query) | {"release": release.release_id}
    opened = answer.extent.indicators or frozenset()
    return Heading(
        dataset=release.dataset,
        agency=release.agency,
        publisher=settings.name,
        title=release.title,
        release=release.release_id,
        manifest=answer.digest,
        published_at=release.published_at.isoformat(),
        licence=permit.licence or release.licence,
        contact=release.contact or settings.contact,
        profile=release.profile,
        sdc_method=release.sdc_method,
        protocol=permit.protocol,
        decision=answer.decision,
        onward=permit.onward,
        retention=permit.retention,
        url=f"{settings.resource}/v1/datasets/{release.dataset}/data?{urlencode(asked)}",
        asked=MappingProxyType(asked),
        indicators=_Entries(release, _places(_Release(answer.digest, release), opened)),
    )


@dataclass(frozen=True, slots=True)
class _Release:
    """A release's description, told apart by its digest."""

    digest: str
    manifest: Manifest = field(compare=False)


@lru_cache(maxsize=_RELEASES_MAX)
def _order(release: _Release) -> Mapping[str, int]:
    return {entry.id: place for place, entry in enumerate(release.manifest.indicators)}


def _places(release: _Release, opened: frozenset[str]) -> list[int]:
    order = _order(release)
    return sorted(order[each] for each in opened if each in order)


class _Entries(Sequence[Mapping[str, object]]):
    """The lines of some indicators as plain JSON, written out when they are read.

    Most large answers are bytes that exist, and tell nothing of the thousands they hold.
    """

    def __init__(self, release: Manifest, places: list[int]) -> None:
        self._release = release
        self._chosen = places

    def __len__(self) -> int:
        return len(self._chosen)

    @overload
    def __getitem__(self, place: int) -> Mapping[str, object]: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Mapping[str, object]]: ...

    def __getitem__(
        self, place: int | slice
    ) -> Mapping[str, object] | Sequence[Mapping[str, object]]:
        if isinstance(place, slice):
            return _Entries(self._release, self._chosen[place])
        return self._release.indicators[self._chosen[place]].model_dump(mode="json")


def parameters(query: Query) -> dict[str, str]:
    """Return a question as the parameters of its address."""
    window = query.periods
    axes = {
        "indicator": query.indicators,
        "level": query.levels,
        "area": query.areas,
        **query.breakdowns,
    }
    said = {name: ",".join(sorted(codes)) for name, codes in axes.items() if codes is not None}
    if window is not None:
        said["period"] = f"{window.start or ''}:{window.end or ''}"
    if query.permitted_only:
        said["extent"] = "permitted"
    return said
