"""Configurations with which common assistants start `waymark mcp`: the text, and where it goes."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence

import msgspec

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
