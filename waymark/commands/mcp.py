"""`waymark mcp`: the MCP server over standard input and output, for an assistant that starts it itself."""

import shutil
import sys
from pathlib import Path
from typing import Any

import click

from waymark.commands.mcp_config import ASSISTANTS, Start
from waymark.commands.options import Unusable, explained, settings
from waymark.invocation import called
from waymark.settings import Settings

# A creation waits for the redirectors, a reading for the warehouse.
PATIENCE_S = 35.0
NO_KEY = "oqr_live_..."


@click.command()
@click.option("--url", help="The base of the API. [WAYMARK_API_URL, http://localhost:8000]")
@click.option(
    "--config",
    "assistant",
    type=click.Choice(list(ASSISTANTS)),
    help="Print what this assistant needs to start these tools, with the key in WAYMARK_KEY, and end.",
)
@explained
def mcp(url: str | None, assistant: str | None) -> None:
    """Give an assistant tools for codes and scans, over standard input and output (Model Context Protocol).

    Talks to the HTTP API with the key in WAYMARK_KEY. An assistant starts this itself once it is configured:
    `waymark mcp --config claude-desktop` prints how.
    """
    found = settings(api_url=url)
    if assistant is not None:
        _print_config(assistant, found)
        return
    if not found.key:
        raise Unusable(
            f"WAYMARK_KEY is not set: make a key with `{called()} key create`, and set it where this is started"
        )
    import httpx2

    from api.mcp_server import tools

    headers = {"Authorization": f"Bearer {found.key}"}

    def reach(context: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=found.api_base, headers=headers, timeout=PATIENCE_S)

    tools.build_server(reach).run("stdio")


def _print_config(name: str, found: Settings) -> None:
    """Only the text itself goes to standard output, so that it can go into a file."""
    # With its whole path: assistants do not start with a shell's PATH.
    found_program = shutil.which(sys.argv[0]) if Path(sys.argv[0]).name == "waymark" else shutil.which("waymark")
    program = found_program and str(Path(found_program).absolute())
    command = [program, "mcp"] if program else [sys.executable, "-m", "waymark", "mcp"]
    variables = {"WAYMARK_API_URL": found.api_base, "WAYMARK_KEY": found.key or NO_KEY}
    click.echo(f"This goes into: {ASSISTANTS[name].goes}", err=True)
    if not found.key:
        click.echo(f"Put a key in the place of {NO_KEY}: {called()} key create --name {name} --scope write", err=True)
    click.echo(ASSISTANTS[name].text(Start(command, variables)))
