"""`POST /v1/announce`: a node says that something changed; the catalogue looks at it soon."""

from fastapi import APIRouter

from hanse.catalog.catalogue import Catalogue
from hanse.wire import Announcement


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the announcement."""
    router = APIRouter(tags=["harvest"])

    @router.post("/announce", status_code=202)
    async def announce(announcement: Announcement) -> Announcement:
        """Ask for an early look. It carries no content, and the answer does not tell who exists."""
        catalogue.schedule.announce(announcement.agency)
        return announcement

    return router
