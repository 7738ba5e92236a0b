"""The tools of the MCP server: calls of `/v1`, described for an assistant that chooses by the description.

They use nothing but the HTTP API: `waymark mcp` calls it over the network, `api.mcp_server.http` within the process. So
a key may do the same, and a plan allows the same, either way.
"""

import logging
from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

import httpx2
from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Image
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from analytics.query.catalogue import DIMENSIONS, METRICS, OPERATORS
from api.dialects.openqr.bulk import MAX_ITEMS
from api.dialects.openqr.images import SIZE
from api.dialects.openqr.pagination import LIMIT
from api.mcp_server import arguments
from api.mcp_server.arguments import StrictServer, tool
from infra.version import VERSION
from schemas.event import KINDS
from schemas.short_links import LONGEST_PLACEMENT

# OpenQR's own server of tools knows no other window.
DAYS = 30
# How many pages of the API one call of a tool goes through, each of which looks through 5,000 codes.
PAGES = 20
# Rows of an answer that an assistant reads, if it does not ask for more.
ROWS = 100
_FILTERS = (
    'All hold. Each is [operator, dimension, [values]], as in ["is", "code:tag", ["poster"]], with '
    f'{", ".join(OPERATORS)}; or ["and", [filters]], ["or", [filters]], ["not", filter]. '
    "A code may be named by its slug."
)
# What an assistant is told of each of many new codes.
_BRIEFLY = ("id", "slug", "short_url", "destination", "label")

_MAKES = ToolAnnotations(destructive_hint=False, open_world_hint=False)
_EDITS = ToolAnnotations(idempotent_hint=True, open_world_hint=False)
_DELETES = ToolAnnotations(destructive_hint=True, open_world_hint=False)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)

INSTRUCTIONS = """Dynamic QR codes and short links. A code has a short link that never changes (print it, or draw it
as a QR code) and a destination that can be changed at any time. Codes are named by their id; find it with search_codes
or list_codes. Deleting a code breaks what is printed and erases its scans, for ever: ask first."""

Answer = dict[str, Any]
Call = Context[Any, Any]
# A client of the API, with its base address and the caller's key. The caller closes it.
Reach = Callable[[Call], httpx2.AsyncClient]

Id = Annotated[str, Field(description="The code's id, a UUID (not its slug).")]
Cursor = Annotated[str | None, Field(description="The next_cursor of the page before.")]
Limit = Annotated[int, Field(description=f"How many at most, {LIMIT.low}-{LIMIT.high}.")]


def build_server(reach: Reach) -> MCPServer[Any]:
    # They would have a line for each call, with what was sent.
    for name in ("mcp", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    about = {"title": "Waymark", "instructions": INSTRUCTIONS, "version": VERSION}
    return StrictServer([*_writing(reach), *_reading(reach)], name="waymark", subscriptions=False, **about)


def _writing(reach: Reach) -> list[Any]:
    async def create_code(context: Call, fields: Answer) -> Answer:
        """Make a dynamic code. It needs a destination; a code that shows a page needs type and content instead. The
        answer has its id and its short_url, which is what to print."""
        return await _ask(reach(context), "POST", "/v1/dynamic", body=arguments.without_nulls(fields))

    async def create_codes(
        context: Call,
        codes: Annotated[list[Answer], Field(description=f"1-{MAX_ITEMS} objects, each with what create_code takes.")],
    ) -> Answer:
        """Make many codes at once. One that cannot be made holds up no other; the answer says why, by its index."""
        items = [arguments.without_nulls(each) for each in codes]
        found = await _ask(reach(context), "POST", "/v1/dynamic/bulk", body={"items": items})
        return {**found, "results": [_briefly(each) for each in found["results"]]}

    async def edit_code(
        context: Call,
        id: Id,
        fields: Answer,
        keep_old: Annotated[
            bool | None, Field(description="Beside a new slug: the old one stays alive, as an alias.")
        ] = None,
        clear: Annotated[
            list[Literal[arguments.clearable()]] | None,  # type: ignore[valid-type]
            Field(description="Fields to empty. (Null for a field leaves it as it is.)"),
        ] = None,
    ) -> Answer:
        """Change a code; what is left out stays as it is. When this has answered, no scan goes to the old destination.
        A new slug breaks what is printed with the old one, unless keep_old is true. A status `paused` shows a page."""
        kept = {} if keep_old is None else {"keep_old": keep_old}
        body = arguments.without_nulls(fields) | kept | dict.fromkeys(clear or ())
        return await _ask(reach(context), "PATCH", f"/v1/dynamic/{_id(id)}", body=body)

    async def delete_code(context: Call, id: Id) -> Answer:
        """Delete a code and its scans, for ever. Its short link stops working at once, wherever it is printed."""
        return await _ask(reach(context), "DELETE", f"/v1/dynamic/{_id(id)}")

    return [
        tool(create_code, "Create a code", _MAKES),
        tool(create_codes, "Create many codes", _MAKES),
        tool(edit_code, "Edit a code", _EDITS),
        tool(delete_code, "Delete a code", _DELETES),
    ]


def _reading(reach: Reach) -> list[Any]:
    async def list_codes(
        context: Call,
        limit: Limit = 50,
        cursor: Cursor = None,
        tag: Annotated[str | None, Field(description="Only codes with this tag.")] = None,
        folder_id: Annotated[str | None, Field(description="Only codes in this folder.")] = None,
    ) -> Answer:
        """List the workspace's codes, newest first. There are more while next_cursor is not null."""
        query = {"limit": limit, "cursor": cursor, "tag": tag, "folder_id": folder_id}
        return await _ask(reach(context), "GET", "/v1/dynamic", query=query)

    async def search_codes(
        context: Call,
        text: Annotated[str, Field(description="Words; each must occur somewhere in the code. Case does not matter.")],
        limit: Limit = 20,
        cursor: Cursor = None,
    ) -> Answer:
        """Find codes by words of their label, slug, aliases, destination or tags, newest first. There may be more while
        next_cursor is not null."""
        found: list[Any] = []
        for _ in range(PAGES):
            query = {"q": text, "limit": limit - len(found), "cursor": cursor}
            page = await _ask(reach(context), "GET", "/v1/dynamic", query=query)
            found += page["codes"]
            cursor = page["next_cursor"]
            if cursor is None or len(found) >= limit:
                break
        return {"codes": found, "next_cursor": cursor}

    async def draw_code(
        context: Call,
        id: Id,
        size: Annotated[int, Field(description=f"Its width in pixels, {SIZE.low}-{SIZE.high}.")] = 512,
        placement: Annotated[
            str | None,
            Field(description=f"Which print this is, at most {LONGEST_PLACEMENT} characters: its scans will say so."),
        ] = None,
    ) -> Image:
        """The QR code of a code as a picture (PNG), in its own style, checked to be readable."""
        query = {"format": "png", "size": size, "placement": placement}
        response = await _response(reach(context), "GET", f"/v1/dynamic/{_id(id)}/qr", query=query)
        return Image(data=response.content, format="png")

    async def list_folders(context: Call) -> Answer:
        """The folders that codes are filed in, with their ids."""
        return await _ask(reach(context), "GET", "/v1/folders")

    async def list_tags(context: Call) -> Answer:
        """The tags that codes have, and how many codes have each."""
        counts: dict[str, int] = {}
        cursor = None
        for _ in range(PAGES):
            page = await _ask(reach(context), "GET", "/v1/tags", query={"cursor": cursor})
            for each in page["tags"]:
                counts[each["tag"]] = counts.get(each["tag"], 0) + each["codes"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        return {"tags": [{"tag": tag, "codes": n} for tag, n in ranked], "complete": cursor is None}

    async def get_scans(context: Call, id: Id) -> Answer:
        """How often a code was scanned by people: of all time, and for each of the last 30 UTC days, with the commonest
        countries, devices and referring hosts of these."""
        return await _ask(reach(context), "GET", f"/v1/dynamic/{_id(id)}/scans", query={"days": DAYS})

    async def query(
        context: Call,
        metrics: Annotated[list[str], Field(description=f"Of {', '.join(METRICS)}.")],
        date_range: Annotated[
            str | list[str],
            Field(description="28d, today, month, 12mo, year, all, or two dates (both included)."),
        ] = "28d",
        timezone: Annotated[str, Field(description="Whose days these are, by its IANA name.")] = "UTC",
        dimensions: Annotated[list[str] | None, Field(description=f"Up to three: {', '.join(DIMENSIONS)}.")] = None,
        filters: Annotated[
            list[list[Any]] | None,
            Field(description=_FILTERS),
        ] = None,
        kinds: Annotated[list[str] | None, Field(description=f"Of {', '.join(KINDS)}; people if left out.")] = None,
        compare: Annotated[
            str | list[str] | None, Field(description="previous_period, year_over_year, or two dates.")
        ] = None,
        order_by: Annotated[
            list[list[str]] | None, Field(description='Like [["scans", "desc"]]; that is also what it is if left out.')
        ] = None,
        limit: Annotated[int, Field(description="How many rows at most.")] = ROWS,
        cursor: Cursor = None,
    ) -> Answer:
        """Count scans of any set of codes, exactly: by country, poster (scan:placement), folder, tag, day, and so on,
        filtered and compared. Each row has its dimensions and metrics in the order asked for; there are more while
        meta.next_cursor is not null."""
        asked = {
            "metrics": metrics,
            "date_range": date_range,
            "timezone": timezone,
            "dimensions": dimensions,
            "filters": filters,
            "kinds": kinds,
            "compare": compare,
            "order_by": order_by,
            "pagination": {"limit": limit, "cursor": cursor},
        }
        body = {name: value for name, value in asked.items() if value is not None}
        return await _ask(reach(context), "POST", "/v1/query", body=body)

    return [
        tool(list_codes, "List codes", _READS),
        tool(search_codes, "Search codes", _READS),
        tool(draw_code, "Draw a code", _READS),
        tool(list_folders, "List folders", _READS),
        tool(list_tags, "List tags", _READS),
        tool(get_scans, "Read scans", _READS),
        tool(query, "Ask about scans", _READS),
    ]


def _briefly(result: Answer) -> Answer:
    if "code" not in result:
        return result
    return {"index": result["index"], **{name: result["code"][name] for name in _BRIEFLY}}


def _id(text: str) -> str:
    """An id is a part of a path; nothing that is none may lead to another one."""
    if not text or not all(mark.isascii() and (mark.isalnum() or mark == "-") for mark in text):
        raise ToolError("id: that is not the id of a code; find it with list_codes")
    return text


async def _ask(
    client: httpx2.AsyncClient, method: str, path: str, *, body: Any = None, query: Answer | None = None
) -> Answer:
    """Raises ToolError with the API's own words, which say what to mend."""
    return _read(await _response(client, method, path, body=body, query=query))


async def _response(
    client: httpx2.AsyncClient, method: str, path: str, *, body: Any = None, query: Answer | None = None
) -> httpx2.Response:
    """Raises ToolError."""
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    async with client:
        try:
            response = await client.request(method, path, json=body, params=asked)
        except httpx2.HTTPError as error:
            raise _away(error) from None
    if response.is_success:
        return response
    said = _read(response).get("error", {})
    wait = response.headers.get("retry-after")
    text = said.get("message", "the answer cannot be understood")
    # Most of them begin with the field.
    field = said.get("field") or ""
    at = "" if text.startswith(field) else f"{field}: "
    again = f", try again in {wait} s" if wait else ""
    raise ToolError(f"{at}{text} ({response.status_code}, {said.get('code', 'unknown')}{again})")


def _read(response: httpx2.Response) -> Answer:
    try:
        return cast(Answer, response.json())
    except ValueError as error:
        raise _away(error) from None


def _away(error: Exception) -> ToolError:
    return ToolError(f"Waymark cannot be reached: {error or type(error).__name__}")
