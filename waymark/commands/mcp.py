"""`waymark mcp`: the tools of `api.tools` over standard input and output, for an assistant that starts them itself."""

from typing import Any

import click

from waymark.commands.options import Unusable, explained, settings

# A creation waits for the redirectors, a reading for the warehouse.
PATIENCE_S = 35.0


@click.command()
@click.option("--url", help="The base of the API. [WAYMARK_API_URL, http://localhost:8000]")
@explained
def mcp(url: str | None) -> None:
    """Give an assistant tools for codes and scans, over standard input and output (Model Context Protocol).

    Talks to the HTTP API with the key in WAYMARK_KEY.
    """
    found = settings(api_url=url)
    if not found.key:
        raise Unusable("WAYMARK_KEY is not set: make a key with `waymark key create`, and set it where this is started")
    import httpx2

    from api import tools

    headers = {"Authorization": f"Bearer {found.key}"}

    def reach(context: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=found.api_base, headers=headers, timeout=PATIENCE_S)

    tools.server(reach).run("stdio")
