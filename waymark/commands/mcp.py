"""`waymark mcp`: the MCP server over standard input and output, as assistants start it, and their configurations for
that."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from waymark.commands.options import Unusable, explained, settings
from waymark.invocation import called
from waymark.settings import Settings

# Writes wait for the redirectors, analytics for the warehouse.
PATIENCE_S = 35.0
NO_KEY = "oqr_live_..."
NAME = "waymark"


class Start(msgspec.Struct, frozen=True):
    """The command that starts the server, and its environment variables."""

    command: Sequence[str]
    variables: Mapping[str, str]

    @property
    def entry(self) -> dict[str, object]:
        program, *words = self.command
        return {"command": program, "args": words, "env": dict(self.variables)}


class Assistant(msgspec.Struct, frozen=True):
    """`goes` tells a person where the configuration goes; `text` makes it."""

    goes: str
    text: Callable[[Start], str]


def _json(group: str, **more: str) -> Callable[[Start], str]:
    return lambda start: json.dumps({group: {NAME: {**more, **start.entry}}}, indent=2, ensure_ascii=False)


def _claude_code(start: Start) -> str:
    flags = [word for pair in start.variables.items() for word in ("--env", "=".join(pair))]
    return shlex.join(["claude", "mcp", "add", NAME, *flags, "--", *start.command])


def _toml(start: Start) -> str:
    program, *words = start.command
    lines = [f"[mcp_servers.{NAME}]", f"command = {_text(program)}", f"args = {_text(words)}", ""]
    lines += [f"[mcp_servers.{NAME}.env]", *(f"{name} = {_text(said)}" for name, said in start.variables.items())]
    return "\n".join(lines)


def _text(value: object) -> str:
    """As a JSON string or array, which is TOML too."""
    return json.dumps(value, ensure_ascii=False)


ASSISTANTS: dict[str, Assistant] = {
    "claude-desktop": Assistant(
        "Settings > Developer > Edit Config (claude_desktop_config.json); then start Claude again", _json("mcpServers")
    ),
    "claude-code": Assistant("a shell, in the folder of your project", _claude_code),
    "cursor": Assistant("~/.cursor/mcp.json, or .cursor/mcp.json in your project", _json("mcpServers")),
    "vscode": Assistant(".vscode/mcp.json in your project", _json("servers", type="stdio")),
    "windsurf": Assistant("~/.codeium/windsurf/mcp_config.json", _json("mcpServers")),
    "codex": Assistant("~/.codex/config.toml", _toml),
    "gemini": Assistant("~/.gemini/settings.json", _json("mcpServers")),
}


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
