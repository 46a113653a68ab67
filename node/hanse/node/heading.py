"""What an answer of this node says about itself."""

from types import MappingProxyType
from urllib.parse import urlencode

from hanse.cube.query import Query
from hanse.dialects.heading import Heading
from hanse.node.door import Answer
from hanse.node.settings import NodeSettings


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
        protocol=permit.protocol,
        decision=answer.decision,
        onward=permit.onward,
        retention=permit.retention,
        url=f"{settings.resource}/v1/datasets/{release.dataset}/data?{urlencode(asked)}",
        asked=MappingProxyType(asked),
        indicators=[
            entry.model_dump(mode="json") for entry in release.indicators if entry.id in opened
        ],
    )


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
