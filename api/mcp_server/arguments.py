"""Arguments of tools: the fields of a code as `/v1` documents them, and checks that answer an assistant in plain words.

The SDK ignores names that a tool does not know, so a misspelt one would silently do nothing: here it is an error. A
tool whose function has an argument `fields` takes the fields of a code themselves, and gets those that were sent in it.

Assistants often send null for what they do not want to change, so null means left out; the argument `clear` names the
fields to empty.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError

from api import content_schema, json_schema
from api.dialects.openqr.schemas import NewDynamicCode
from qr.style import Style
from schemas import page_content

FIELDS = "fields"
_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "an object",
}
_START = json_schema.TEMPLATE.format(name="")
_STYLE = f"How the QR code is drawn: any of {', '.join(Style.__struct_fields__)}."


@cache
def fields() -> dict[str, dict[str, Any]]:
    """Name → JSON Schema without references."""
    found = json_schema.components([NewDynamicCode])
    described = {name: _inline(schema, found) for name, schema in found[NewDynamicCode.__name__]["properties"].items()}
    described["style"] |= {"description": _STYLE}
    described["content"] |= {"description": f"What the page shows, by the code's type: {_contents()}."}
    return described


@cache
def clearable() -> tuple[str, ...]:
    """Fields that PATCH empties when they are null."""
    schema = json_schema.components([NewDynamicCode])[NewDynamicCode.__name__]
    return tuple(name for name, part in schema["properties"].items() if {"type": "null"} in part.get("anyOf", ()))


def without_nulls(sent: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a tool as the API takes them. Some assistants send lists and objects as JSON in a string."""
    return {name: _parsed(name, value) for name, value in sent.items() if value is not None}


def _parsed(name: str, value: Any) -> Any:
    if not isinstance(value, str) or fields().get(name, {}).get("type") not in ("array", "object"):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        # The API's error says what it should be.
        return value


def _inline(schema: Any, found: dict[str, Any]) -> Any:
    """Resolve references, and leave null out of the choices."""
    if isinstance(schema, list):
        return [_inline(part, found) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_START)
        whole = {"type": "object"} if name == content_schema.NAME else _inline(found[name], found)
        return {**whole, **{key: value for key, value in schema.items() if key != "$ref"}}
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**_inline(choices[0], found), **_inline(rest, found)}
    return {key: _inline(part, found) for key, part in schema.items() if key != "title"}


def _contents() -> str:
    """The content of each type of page, in a few lines: an assistant reads it before each conversation."""
    types: dict[str, list[str]] = {}
    for type, (field, shape) in page_content.SHAPES.items():
        parts = getattr(shape, "__struct_encode_fields__", ())
        what = f"{field} {{{', '.join(parts)}}}" if parts else field
        types.setdefault(what, []).append(type)
    return "; ".join(f"{', '.join(of)}: {what}" for what, of in types.items())


def tool(function: Callable[..., Any], title: str, hints: ToolAnnotations) -> Tool:
    """Make `function` a tool; the assistant reads its docstring."""
    made = Tool.from_function(function, title=title, annotations=hints)
    taken = made.parameters.get("properties", {})
    if FIELDS not in taken:
        return made
    own = {name: schema for name, schema in taken.items() if name != FIELDS}
    required = [name for name in made.parameters.get("required", ()) if name != FIELDS]
    schema = {**made.parameters, "properties": {**own, **fields()}, "required": required}
    return made.model_copy(update={"parameters": schema})


class StrictServer(MCPServer[Any]):
    """Refuse arguments that a tool does not take."""

    def __init__(self, tools: list[Tool], **about: Any) -> None:
        super().__init__(tools=tools, **about)
        self._takes = {each.name: tuple(each.parameters["properties"]) for each in tools}
        self._with_fields = {each.name for each in tools if FIELDS in each.fn_metadata.arg_model.model_fields}

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Raises ToolError, whose text the assistant reads."""
        takes = self._takes.get(name)
        if takes is not None and (unknown := sorted(arguments.keys() - set(takes))):
            named = ", ".join(each[:64] for each in unknown[:10])
            raise ToolError(f"{name} does not take {named}; it takes {', '.join(takes) or 'nothing'}")
        if name in self._with_fields:
            of_code = {each: value for each, value in arguments.items() if each in fields()}
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
