"""The tools that an assistant is given (Model Context Protocol): five calls of `/v1`, described for a reader who
decides by the description what to call.

They know no more of Waymark than its HTTP API: `waymark mcp` reaches it over the network, `api.mcp_http` within the
same process. So a key means the same, and a plan allows the same, whichever way somebody comes.
"""

import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any, Literal

import httpx2
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from api.tool_arguments import Tools

# OpenQR's own server of tools knows no other window.
DAYS = 30

INSTRUCTIONS = """Dynamic QR codes and short links. A code has a short link that never changes (print it, or draw it
as a QR code) and a destination that can be changed at any time. Codes are named by their id; find it with list_codes.
Deleting a code breaks what is printed and erases its scans, for ever: ask first."""

Code = dict[str, Any]
# A client of the API, with its base address and the caller's key. The caller closes it.
Reach = Callable[[Context[Any, Any]], httpx2.AsyncClient]

Id = Annotated[str, Field(description="The code's id, a UUID (not its slug).")]
Destination = Annotated[str, Field(description="Where scans lead: a public http(s) address.")]
Label = Annotated[str | None, Field(description="A name for people.")]
Slug = Annotated[str | None, Field(description="The last part of the short link: 3-48 of a-z, 0-9 and -.")]
Tags = Annotated[list[str] | None, Field(description="At most 10; in an edit they replace those that are there.")]
Folder = Annotated[str | None, Field(description="The id of the folder that it is filed in.")]


def server(reach: Reach) -> MCPServer[Any]:
    # They would have a line for each call, with what was sent.
    for name in ("mcp", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    tools = Tools(
        "waymark", title="Waymark", instructions=INSTRUCTIONS, version=version("waymark"), subscriptions=False
    )

    @tools.tool(title="Create a code", annotations=ToolAnnotations(destructive_hint=False, open_world_hint=False))
    async def create_code(
        context: Context[Any, Any],
        destination: Destination,
        label: Label = None,
        slug: Slug = None,
        tags: Tags = None,
        folder_id: Folder = None,
    ) -> Code:
        """Make a dynamic code. The answer has its id and its short_url, which is what to print."""
        sent = {"destination": destination, "label": label, "slug": slug, "tags": tags, "folder_id": folder_id}
        return await _ask(reach(context), "POST", "/v1/dynamic", body=_given(sent))

    @tools.tool(title="List codes", annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
    async def list_codes(
        context: Context[Any, Any],
        limit: Annotated[int, Field(description="How many at most, 1-500.")] = 50,
        cursor: Annotated[str | None, Field(description="The next_cursor of the page before.")] = None,
        tag: Annotated[str | None, Field(description="Only codes with this tag.")] = None,
        folder_id: Annotated[str | None, Field(description="Only codes in this folder.")] = None,
    ) -> Code:
        """List the workspace's codes, newest first. There are more while next_cursor is not null."""
        query = {"limit": limit, "cursor": cursor, "tag": tag, "folder_id": folder_id}
        return await _ask(reach(context), "GET", "/v1/dynamic", query=_given(query))

    @tools.tool(title="Edit a code", annotations=ToolAnnotations(idempotent_hint=True, open_world_hint=False))
    async def edit_code(
        context: Context[Any, Any],
        id: Id,
        destination: Annotated[str | None, Field(description="Where every scan leads from now on.")] = None,
        label: Label = None,
        slug: Annotated[str | None, Field(description="A new one breaks what is printed with the old one.")] = None,
        tags: Tags = None,
        folder_id: Folder = None,
        status: Annotated[Literal["active", "paused"] | None, Field(description="Paused codes show a page.")] = None,
        clear: Annotated[list[Literal["label", "folder_id"]] | None, Field(description="What to empty.")] = None,
    ) -> Code:
        """Change a code; what is left out stays as it is. When this has answered, no scan goes to the old
        destination."""
        sent = {"destination": destination, "label": label, "slug": slug, "tags": tags, "folder_id": folder_id}
        body = _given({**sent, "status": status}) | dict.fromkeys(clear or ())
        return await _ask(reach(context), "PATCH", f"/v1/dynamic/{_id(id)}", body=body)

    @tools.tool(title="Delete a code", annotations=ToolAnnotations(destructive_hint=True, open_world_hint=False))
    async def delete_code(context: Context[Any, Any], id: Id) -> Code:
        """Delete a code and its scans, for ever. Its short link stops working at once, wherever it is printed."""
        return await _ask(reach(context), "DELETE", f"/v1/dynamic/{_id(id)}")

    @tools.tool(title="Read scans", annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
    async def get_scans(context: Context[Any, Any], id: Id) -> Code:
        """How often a code was scanned by people: of all time, and for each of the last 30 UTC days, with the commonest
        countries, devices and referring hosts of these."""
        return await _ask(reach(context), "GET", f"/v1/dynamic/{_id(id)}/scans", query={"days": DAYS})

    return tools


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _id(text: str) -> str:
    """An id is a part of a path; nothing that is none may lead to another one."""
    if not text or not all(mark.isascii() and (mark.isalnum() or mark == "-") for mark in text):
        raise ToolError("id: that is not the id of a code; find it with list_codes")
    return text


async def _ask(
    client: httpx2.AsyncClient, method: str, path: str, *, body: Any = None, query: dict[str, Any] | None = None
) -> Code:
    """Raises ToolError with the API's own words, which say what to mend."""
    async with client:
        try:
            response = await client.request(method, path, json=body, params=query)
            found: Code = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise ToolError(f"Waymark cannot be reached: {error or type(error).__name__}") from None
    if response.is_success:
        return found
    said = found.get("error", {})
    wait = response.headers.get("retry-after")
    field = f"{said['field']}: " if said.get("field") else ""
    raise ToolError(
        f"{field}{said.get('message', 'the answer cannot be understood')} ({response.status_code}, "
        f"{said.get('code', 'unknown')}{f', try again in {wait} s' if wait else ''})"
    )
