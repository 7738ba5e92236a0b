"""What an assistant sent to a tool, held against what the tool takes, and told in plain words where it does not fit.

The SDK passes over names that a tool does not know: a misspelt one would silently do nothing.
"""

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, InputRequiredResult
from pydantic import ValidationError

_KINDS = {"string": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list"}


class Tools(MCPServer[Any]):
    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Raises ToolError, which the assistant is told."""
        takes = next((tool.input_schema["properties"] for tool in await self.list_tools() if tool.name == name), None)
        if takes is not None and (unknown := sorted(arguments.keys() - takes.keys())):
            named = ", ".join(each[:64] for each in unknown[:10])
            raise ToolError(f"{name} does not take {named}; it takes {', '.join(takes)}")
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            raise ToolError("; ".join(_in_words(each) for each in error.__cause__.errors())) from error.__cause__


def _in_words(error: Any) -> str:
    at = ".".join(str(part) for part in error["loc"])
    kind = error["type"].partition("_")[0]
    if error["type"] == "missing":
        return f"{at} is missing"
    if error["type"] == "literal_error":
        return f"{at} must be one of: {error['ctx']['expected']}"
    return f"{at} must be {_KINDS[kind]}" if kind in _KINDS else f"{at}: {error['msg']}"
