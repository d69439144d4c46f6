"""Style, script and fonts: named by their content, so that they may be kept for good."""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest
from service.api.answers import sent
from service.api.prepared import Prepared, prepared
from service.api.problems import ApiProblem

MEDIA_TYPES: Final = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "woff2": "font/woff2",
}
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


@functools.cache
def _file(name: str) -> Prepared | None:
    """A file; the style names the fonts by their addresses."""
    found = files("service.web") / "static" / name
    if "/" in name or not found.is_file():
        return None
    body = found.read_bytes()
    suffix = name.rpartition(".")[2]
    if suffix == "css":
        for font in ("serif-korean.woff2", "serif-latin.woff2"):
            body = body.replace(f"url({font})".encode(), f"url({address(font)})".encode())
    return prepared(body, media_type=MEDIA_TYPES[suffix], headers=_FOREVER)


@functools.cache
def address(name: str) -> str:
    """Where a file is, as long as it is the same. Raises `LookupError`."""
    found = _file(name)
    if found is None:
        raise LookupError(name)
    return f"/static/{hashlib.sha256(found.body).hexdigest()[:12]}/{name}"


@get("/static/{version:str}/{name:str}")
async def get_static(request: AnyRequest, version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A file of the pages, in the version that is asked for."""
    found = _file(name)
    if found is None or address(name) != f"/static/{version}/{name}":
        raise ApiProblem("not-found", f"there is no {name[:80]!r} of that version")
    return sent(request, found)
