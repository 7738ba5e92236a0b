"""`/v1/branding`: how the workspace's pages at the short host look: its name, logo and colours."""

import base64
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

import pages
from api.dialect import Call, Route
from api.etags import set_etag
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import invalid
from api.responses import Json
from codes import brandings
from codes.brandings import MAX_IMAGE_BYTES, MAX_MESSAGE, MAX_NAME, BrandingFields
from codes.errors import Missing, Refused
from codes.etags import etag_of
from pages import branding as look
from schemas.branding import BrandImage, Branding

_FILE = {"format": "uuid"}
_COLOUR = {"pattern": "^#[0-9a-fA-F]{6}$"}
_URL = {"format": "iri", "maxLength": 2048}
_NAME = Meta(description="Stands above each page, unless there is a logo.", extra_json_schema={"maxLength": MAX_NAME})
_MESSAGE = Meta(description="A few words below each page's own.", extra_json_schema={"maxLength": MAX_MESSAGE})
_LOGO = Meta(description="The `file_id` of a picture of at most 1 MB.", extra_json_schema=_FILE)
_PATH = Meta(description="Where every short host serves it. Ignored in what is sent.")
_ACCENT = Meta(description="Of buttons, links and signs.", extra_json_schema=_COLOUR)

EXAMPLE = {
    "name": "Café Mirador",
    "message": "Open until ten tonight.",
    "logo": None,
    "logo_path": None,
    "favicon": None,
    "favicon_path": None,
    "background": "#fdf0e6",
    "text": None,
    "accent": "#b3380b",
    "imprint_url": "https://mirador.example/imprint",
    "privacy_url": "https://mirador.example/privacy",
}


class PageBranding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How pages look; null leaves a field open. A domain's come before the workspace's, field by field, but for the
    colours: those go together. A text or an accent below WCAG AA on the background is refused."""

    name: Annotated[str | None, _NAME] = None
    message: Annotated[str | None, _MESSAGE] = None
    logo: Annotated[str | None, _LOGO] = None
    logo_path: Annotated[str | None, _PATH] = None
    favicon: Annotated[str | None, _LOGO] = None
    favicon_path: Annotated[str | None, _PATH] = None
    background: Annotated[str | None, Meta(extra_json_schema=_COLOUR)] = None
    text: Annotated[str | None, Meta(extra_json_schema=_COLOUR)] = None
    accent: Annotated[str | None, _ACCENT] = None
    imprint_url: Annotated[str | None, Meta(extra_json_schema=_URL)] = None
    privacy_url: Annotated[str | None, Meta(extra_json_schema=_URL)] = None


def to_wire(branding: Branding) -> PageBranding:
    logo, favicon = branding.logo, branding.favicon
    texts = {
        name: getattr(branding, name) or None
        for name in PageBranding.__struct_fields__
        if name.partition("_")[0] not in ("logo", "favicon")
    }
    return PageBranding(
        **texts,
        logo=logo.file_id if logo else None,
        logo_path=logo.path if logo else None,
        favicon=favicon.file_id if favicon else None,
        favicon_path=favicon.path if favicon else None,
    )


async def from_wire(call: Call, sent: PageBranding, prefix: str = "") -> Branding:
    """Return the branding that is sent. Raises Refused, also for colours that cannot be read; `prefix` stands before
    the name of the field."""
    fields = BrandingFields(**{name: getattr(sent, name) or "" for name in BrandingFields.__struct_fields__})
    try:
        branding = await brandings.check(call.context.files, call.key.workspace, fields)
        if (wrong := look.unreadable(branding)) is not None:
            raise Refused(wrong[0], "low_contrast", wrong[1])
    except Refused as refused:
        raise Refused(prefix + refused.field, refused.code, refused.message) from None
    return branding


async def read_branding(call: Call) -> Response:
    return _answer(call, await brandings.get(call.context.codes.redis, call.key.workspace))


async def put_branding(call: Call) -> Response:
    branding = await from_wire(call, convert(await read_object(call.request), PageBranding))
    redis, workspace = call.context.codes.redis, call.key.workspace
    return _answer(call, await brandings.put(redis, workspace, branding, match=call.match, now_ms=call.context.now_ms))


def _answer(call: Call, branding: Branding) -> Response:
    set_etag(call.request, etag_of(branding))
    return Json(to_wire(branding))


# The preview.

PAGE = Parameter(
    "page", "query", "Which page.", {"type": "string", "enum": list(pages.KINDS), "default": pages.KINDS[0]}
)
LANGUAGE = Parameter(
    "language", "query", "Of its words.", {"type": "string", "enum": list(pages.LANGUAGES), "default": "en"}
)
MODE = Parameter(
    "mode",
    "query",
    "Light or dark; `auto` asks the browser.",
    {"type": "string", "enum": list(look.MODES), "default": "auto"},
)
OVER = Parameter(
    "of_domain",
    "query",
    "`1`: what is left open is the workspace's, as at a domain.",
    {"type": "string", "enum": ["0", "1"], "default": "0"},
)
DRAFT = tuple(
    Parameter(name, "query", "As in the branding.", {"type": "string"}) for name in BrandingFields.__struct_fields__
)


def _choice(call: Call, parameter: Parameter) -> Any:
    found = call.request.query_params.get(parameter.name, parameter.schema["default"])
    if found not in parameter.schema["enum"]:
        raise invalid(parameter.name, f"{parameter.name} must be one of {', '.join(parameter.schema['enum'])}")
    return found


async def preview_page(call: Call) -> Response:
    """The page as a short host would show it, for a frame of the dashboard: its pictures are within it."""
    kind, language, mode, over = (_choice(call, one) for one in (PAGE, LANGUAGE, MODE, OVER))
    sent = PageBranding(**{one.name: call.request.query_params.get(one.name) or None for one in DRAFT})
    branding = await from_wire(call, sent)
    if over == "1":
        branding = branding.over(await brandings.get(call.context.codes.redis, call.key.workspace))
    shown = msgspec.structs.replace(branding, logo=await _inline(call, branding.logo), favicon=None)
    page = pages.notice.__wrapped__(kind, language, shown, mode)
    response = Response(page.body, media_type="text/html")
    for name, value in page.headers:
        if name == b"content-security-policy":
            value = value.replace(b"img-src 'self'", b"img-src data:")
            value = value.replace(b"frame-ancestors 'none'", b"frame-ancestors 'self'") + b"; sandbox"
        response.headers[name.decode()] = value.decode()
    return response


async def _inline(call: Call, image: BrandImage | None) -> BrandImage | None:
    if image is None:
        return None
    file = await call.context.files.get(call.key.workspace, image.file_id)
    try:
        body = await call.context.files.read(call.key.workspace, image.file_id, MAX_IMAGE_BYTES)
    except Missing:
        return None
    assert file is not None
    return BrandImage(image.file_id, f"data:{file.content_type};base64,{base64.b64encode(body).decode()}")


ROUTES = (
    Route(
        method="GET",
        path="/v1/branding",
        scope="read",
        summary="Read the branding",
        description="How the workspace's pages at the short host look: not found, paused, expired, the password form.",
        handler=read_branding,
        status=200,
        answer=PageBranding,
        example=EXAMPLE,
        tagged=True,
    ),
    Route(
        method="PUT",
        path="/v1/branding",
        scope="write",
        summary="Replace the branding",
        description="In force after the answer, for every page of the workspace. What is left out is left open.",
        handler=put_branding,
        status=200,
        answer=PageBranding,
        body=PageBranding,
        sent=EXAMPLE,
        problems=(400,),
        example=EXAMPLE,
        tagged=True,
    ),
    Route(
        method="GET",
        path="/v1/branding/preview",
        scope="read",
        summary="Preview a page",
        description="A page of the short host with a branding that need not be stored.",
        handler=preview_page,
        status=200,
        answer=None,
        media=("text/html",),
        parameters=(PAGE, LANGUAGE, MODE, OVER, *DRAFT),
        problems=(400,),
    ),
)
