"""What an assistant sent to a tool, held against what the tool takes, and told in plain words where it does not fit.

The SDK passes over names that a tool does not know: a misspelt one would silently do nothing. A tool whose function has
an argument `fields` takes the fields of a code themselves, and gets what was sent of them in that argument.
"""

from collections.abc import Callable
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError

from api import tool_fields

FIELDS = "fields"
_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "an object",
}


def tool(function: Callable[..., Any], title: str, hints: ToolAnnotations) -> Tool:
    """`function` as a tool; its docstring is what the assistant reads."""
    made = Tool.from_function(function, title=title, annotations=hints)
    taken = made.parameters.get("properties", {})
    if FIELDS not in taken:
        return made
    own = {name: schema for name, schema in taken.items() if name != FIELDS}
    required = [name for name in made.parameters.get("required", ()) if name != FIELDS]
    schema = {**made.parameters, "properties": {**own, **tool_fields.fields()}, "required": required}
    return made.model_copy(update={"parameters": schema})


class Tools(MCPServer[Any]):
    def __init__(self, tools: list[Tool], **about: Any) -> None:
        super().__init__(tools=tools, **about)
        self._takes = {each.name: tuple(each.parameters["properties"]) for each in tools}
        self._with_fields = {each.name for each in tools if FIELDS in each.fn_metadata.arg_model.model_fields}

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Raises ToolError, which the assistant is told."""
        takes = self._takes.get(name)
        if takes is not None and (unknown := sorted(arguments.keys() - set(takes))):
            named = ", ".join(each[:64] for each in unknown[:10])
            raise ToolError(f"{name} does not take {named}; it takes {', '.join(takes) or 'nothing'}")
        if name in self._with_fields:
            of_code = {each: value for each, value in arguments.items() if each in tool_fields.fields()}
            arguments = {each: value for each, value in arguments.items() if each not in of_code} | {FIELDS: of_code}
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            # Without the SDK's words around it.
            if isinstance(error.__cause__, ToolError):
                raise error.__cause__ from None
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
