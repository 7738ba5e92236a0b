"""What answers are made of: JSON of structs, which no cache keeps, answers without a body, and the links of codes."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from schemas.code import Code
from schemas.short_links import PLACEMENT_PARAMETER, QR_PATH

_encoder = msgspec.json.Encoder()


class Json(Response):
    """`content` is anything that msgspec can encode."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-store", **(headers or {})})

    def render(self, content: Any) -> bytes:
        return _encoder.encode(content)


def no_content() -> Response:
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def link_base(host: str, base: str) -> str:
    """Where the short links of a host begin: a custom domain has its own, the default host ("") has `base`."""
    return f"https://{host}" if host else base


def short_url(code: Code, base: str) -> str:
    """The public link of a code: on its custom domain if it has one, else on the default one."""
    return f"{link_base(code.host, base)}/{code.slug}"


def picture_url(host: str, slug: str, base: str, placement: str = "") -> str:
    """The link in the picture of a code: its scans are entries by QR, at this placement."""
    link = f"{link_base(host, base)}{QR_PATH}{slug}/"
    return f"{link}?{urlencode({PLACEMENT_PARAMETER: placement})}" if placement else link
