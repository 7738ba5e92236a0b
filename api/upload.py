"""A file that is sent as a form, as browsers and curl do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b

from starlette.datastructures import UploadFile
from starlette.requests import Request

from api.problems import invalid
from infra.fair_queue import FairQueue

CHUNK = 256 * 1024
# A form may have more than its file; what else is in it is not read.
MAX_FIELDS = 8


# A file is on the disk for as long as it is being sent and kept: so many of one workspace at a time, and of all.
OWN_AT_ONCE = 4
AT_ONCE = 16
MAX_WAITING = 16
_queue = FairQueue(AT_ONCE, own_at_once=OWN_AT_ONCE)


@asynccontextmanager
async def turn(workspace: int) -> AsyncIterator[None]:
    """To send a file. Raises TooMany."""
    await _queue.enter(workspace, MAX_WAITING)
    try:
        yield
    finally:
        _queue.leave(workspace)


async def sent_file(request: Request) -> UploadFile:
    """The part named `file`; the request keeps it until it is closed. Raises Problem (400)."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise invalid("file", "the body must be a form (multipart/form-data) with a part named file", "missing_field")
    part = (await request.form(max_files=1, max_fields=MAX_FIELDS)).get("file")
    if not isinstance(part, UploadFile):
        raise invalid("file", "file is missing: a part of the form, with a file name", "missing_field")
    return part


async def chunks(part: UploadFile) -> AsyncIterator[bytes]:
    """From its beginning, however often it was read before."""
    await part.seek(0)
    while chunk := await part.read(CHUNK):
        yield chunk


async def digest(request: Request) -> bytes:
    """The same for the same file, whatever the client put around it."""
    part = await sent_file(request)
    found = blake2b(f"{part.filename}\n{part.content_type}\n".encode(), digest_size=20)
    async for chunk in chunks(part):
        found.update(chunk)
    return found.digest()
