"""What `waymark mcp --config` prints starts the tools, in the form that each assistant reads."""

import json
import shlex
import tomllib
from typing import Any

import pytest
from click.testing import CliRunner
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from waymark.command import main
from waymark.commands.mcp import ASSISTANTS

VARIABLES = {"WAYMARK_API_URL": "http://127.0.0.1:9", "WAYMARK_KEY": "oqr_live_of-the-tests"}


def printed(assistant: str, **variables: str) -> tuple[str, str]:
    """What goes to standard output, and what is said beside it."""
    done = CliRunner().invoke(main, ["mcp", "--config", assistant], env=variables)
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


def entry(assistant: str, text: str) -> dict[str, Any]:
    """Command, args and env as the assistant reads them."""
    if assistant == "claude-code":
        words = shlex.split(text)
        at = words.index("--")
        assert words[:4] == ["claude", "mcp", "add", "waymark"] and set(words[4:at:2]) == {"--env"}
        env = dict(word.split("=", 1) for word in words[5:at:2])
        return {"command": words[at + 1], "args": words[at + 2 :], "env": env}
    read: dict[str, Any] = tomllib.loads(text) if assistant == "codex" else json.loads(text)
    group = {"codex": "mcp_servers", "vscode": "servers"}.get(assistant, "mcpServers")
    assert list(read) == [group] and list(read[group]) == ["waymark"]
    return dict(read[group]["waymark"])


@pytest.mark.parametrize("assistant", ASSISTANTS)
async def test_each_says_the_same(assistant: str) -> None:
    text, beside = printed(assistant, **VARIABLES)
    found = entry(assistant, text)
    assert found["env"] == VARIABLES and found["args"][-1] == "mcp" and found["command"].startswith("/")
    assert beside.startswith("Put this into: ") and "key create" not in beside


def test_without_a_key_it_says_how_to_make_one() -> None:
    text, beside = printed("cursor", WAYMARK_KEY="")
    assert "oqr_live_..." in text and "waymark key create --name cursor --scope write" in beside


async def test_what_is_printed_starts_the_tools() -> None:
    found = entry("claude-desktop", printed("claude-desktop", **VARIABLES)[0])
    async with Client(stdio_client(StdioServerParameters(**found))) as client:
        assert "search_codes" in [tool.name for tool in (await client.list_tools()).tools]
