"""What is written into a symbol, for each type of content."""

from typing import Any

from qr.errors import Refused


def text(type: str, content: Any) -> str:
    """The text that a scanner reads. `content` is the object that `schemas.content` checks. Raises Refused."""
    if type in ("url", "website") and isinstance(content, dict):
        return str(content.get("url", ""))
    if type == "text" and isinstance(content, dict):
        return str(content.get("text", ""))
    raise Refused("type", "has no form in which a symbol could hold it")
