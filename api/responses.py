"""What answers are made of: JSON of structs, which no cache keeps, and the short links of codes."""

from typing import Any

import msgspec
from starlette.responses import Response

from schemas.code import Code

_encoder = msgspec.json.Encoder()


class Json(Response):
    """`content` is anything that msgspec can encode."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-store", **(headers or {})})

    def render(self, content: Any) -> bytes:
        return _encoder.encode(content)


def short_url(code: Code, base: str) -> str:
    """The public link of a code: on its custom domain if it has one, else on the default one."""
    return f"{f'https://{code.host}' if code.host else base}/{code.slug}"
