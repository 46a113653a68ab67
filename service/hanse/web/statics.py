"""Static files of the pages, held in memory and served under a name that contains their hash."""

import hashlib
import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Response

from hanse.errors import NotFound

MAX_FILE_BYTES = 1_000_000
OWN_FOLDER = Path(__file__).parent / "static"

_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served."""

    name: str
    content: bytes
    media_type: str


class Statics:
    """The files of some folders; a later folder's file replaces an earlier one of the same name."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        files = [file for folder in (OWN_FOLDER, *folders) for file in sorted(folder.iterdir())]
        self._by_plain = {file.name: _load(file) for file in files if file.is_file()}
        self._by_served = {file.name: file for file in self._by_plain.values()}

    def address(self, name: str) -> str:
        """Return the path a page links to, such as `/static/hanse.0f3a….css`."""
        return f"/static/{self._by_plain[name].name}"

    def routes(self) -> APIRouter:
        """Return the route that serves them; a changed file has another name, so none expires."""
        router = APIRouter(include_in_schema=False)

        @router.api_route("/static/{name}", methods=["GET", "HEAD"])
        async def file(name: str) -> Response:
            found = self._by_served.get(name)
            if found is None:
                raise NotFound("NOT_FOUND")
            return Response(found.content, 200, {"Cache-Control": _FOR_EVER}, found.media_type)

        return router


def _load(file: Path) -> StaticFile:
    content = file.read_bytes()
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"{file.name} is larger than {MAX_FILE_BYTES} bytes")
    mark = hashlib.sha256(content).hexdigest()[:16]
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return StaticFile(f"{file.stem}.{mark}{file.suffix}", content, media_type)
