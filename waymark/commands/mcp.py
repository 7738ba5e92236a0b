"""`waymark mcp`: the MCP server over standard input and output, as assistants start it."""

import shutil
import sys
from pathlib import Path
from typing import Any

import click

from waymark.commands.mcp_config import ASSISTANTS, Start
from waymark.commands.options import Unusable, explained, settings
from waymark.invocation import called
from waymark.settings import Settings

# Writes wait for the redirectors, analytics for the warehouse.
PATIENCE_S = 35.0
NO_KEY = "oqr_live_..."


@click.command()
@click.option("--url", help="The base URL of the API. [WAYMARK_API_URL, http://localhost:8000]")
@click.option(
    "--config",
    "assistant",
    type=click.Choice(list(ASSISTANTS)),
    help="Print the configuration of this assistant, with the key in WAYMARK_KEY, and exit.",
)
@explained
def mcp(url: str | None, assistant: str | None) -> None:
    """Run an MCP server on standard input and output: tools for codes and analytics.

    It calls the HTTP API with the key in WAYMARK_KEY. Assistants start it themselves once they are configured:
    `waymark mcp --config claude-desktop` prints the configuration.
    """
    found = settings(api_url=url)
    if assistant is not None:
        _print_config(assistant, found)
        return
    if not found.key:
        raise Unusable(
            f"WAYMARK_KEY is not set: create a key with `{called()} key create`, and set it for this command"
        )
    import httpx2

    from api.mcp_server import tools

    headers = {"Authorization": f"Bearer {found.key}"}

    def reach(context: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=found.api_base, headers=headers, timeout=PATIENCE_S)

    tools.build_server(reach).run("stdio")


def _print_config(name: str, found: Settings) -> None:
    """Print only the configuration to standard output, so that it can be redirected to a file."""
    # An absolute path: assistants do not have a shell's PATH.
    found_program = shutil.which(sys.argv[0]) if Path(sys.argv[0]).name == "waymark" else shutil.which("waymark")
    program = found_program and str(Path(found_program).absolute())
    command = [program, "mcp"] if program else [sys.executable, "-m", "waymark", "mcp"]
    variables = {"WAYMARK_API_URL": found.api_base, "WAYMARK_KEY": found.key or NO_KEY}
    click.echo(f"Put this into: {ASSISTANTS[name].goes}", err=True)
    if not found.key:
        click.echo(f"Replace {NO_KEY} with a key from: {called()} key create --name {name} --scope write", err=True)
    click.echo(ASSISTANTS[name].text(Start(command, variables)))
