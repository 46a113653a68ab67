"""Who this node is, with which keys it signs, and whose tokens it takes (RFC 9728)."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Response

from hanse.auth.metadata import protected_resource
from hanse.node.running import Node
from hanse.wire import NodeDescription

PUBLIC = "public, max-age=300"


def routes(node: Node) -> APIRouter:
    """Return the routes; all are open."""
    router = APIRouter(tags=["node"])
    settings = node.settings

    @router.get("/v1/node")
    def description(response: Response) -> NodeDescription:
        """Say who the node is."""
        response.headers["Cache-Control"] = PUBLIC
        return NodeDescription(
            agency=settings.agency,
            name=settings.name,
            kbo=settings.kbo,
            territory=settings.territory,
            contact=settings.contact,
            base_url=settings.resource,
            software=f"hanse {version('hanse')}",
            issuers=list(settings.issuers),
            feed=f"{settings.resource}/v1/feed",
            datasets=f"{settings.resource}/v1/datasets",
        )

    @router.get("/v1/jwks")
    def keys(response: Response) -> dict[str, list[dict[str, str]]]:
        """The public key that the node's manifests and feed are signed with (RFC 7517)."""
        response.headers["Cache-Control"] = PUBLIC
        return {"keys": [node.publisher.key.public_jwk()]}

    @router.get("/.well-known/oauth-protected-resource")
    def resource(response: Response) -> dict[str, Any]:
        """The metadata of the protected resource (RFC 9728)."""
        response.headers["Cache-Control"] = PUBLIC
        return protected_resource(settings.resource, settings.issuers, name=settings.name)

    return router
