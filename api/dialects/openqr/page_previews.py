"""`POST /v1/pages/preview`: the page of a type as a phone would show it, of content that need not be stored."""

import asyncio
import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

import pages
from api.content_schema import Content
from api.dialect import Call, Route
from api.dialects.openqr import code_examples
from api.parsing import convert, read_object
from api.problems import invalid
from api.responses import Json
from codes.scan_options import is_link
from codes.validation import check_page_design
from schemas import page_content

MAX_DRAFT = 2 * page_content.MAX_BYTES
# Files are served by short hosts, and a preview asks no other host for anything.
_OWN_FILE = re.compile(r'\b(?:src|poster)="(?=/f/)')


class PageDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content as it is being written: what is missing or wrong does not stop the preview."""

    type: Annotated[str, Meta(description="A type with a page.", examples=["vcard_plus"])]
    content: Content
    page_design: dict[str, Any] | None = None


class ContentProblem(msgspec.Struct, frozen=True):
    field: Annotated[str, Meta(description="The field at fault, like `content.vCardContent.email`.")]
    message: str


class PagePreview(msgspec.Struct, frozen=True):
    html: Annotated[str, Meta(description="The whole page, without scripts. Uploaded pictures are left out.")]
    problem: Annotated[
        ContentProblem | None, Meta(description="Why the content cannot be stored as it is; null if it can.")
    ]


def _problem(draft: PageDraft) -> ContentProblem | None:
    try:
        page_content.check(draft.type, draft.content)
    except page_content.BadContent as error:
        return ContentProblem(error.field, f"{error.field} {error.message}")
    return None


def _html(draft: PageDraft) -> str:
    data = draft.content.get(page_content.SHAPES[draft.type][0])
    body = pages.render(draft.type, data, draft.page_design).body.decode()
    return _OWN_FILE.sub('data-file="', body)


async def preview_code_page(call: Call) -> Response:
    draft = convert(await read_object(call.request), PageDraft)
    if draft.type not in page_content.TYPES or is_link(draft.type):
        raise invalid("type", "type must be one with a page", "unknown_type")
    check_page_design(draft.page_design)
    if len(msgspec.json.encode(draft.content)) > MAX_DRAFT:
        raise invalid("content", f"content must have at most {MAX_DRAFT // 1024} KB", "too_large")
    # A page takes a millisecond or two, of long text more.
    html = await asyncio.to_thread(_html, draft)
    return Json(PagePreview(html, _problem(draft)))


ROUTES = (
    Route(
        method="POST",
        path="/v1/pages/preview",
        scope="read",
        summary="Preview the page of a code",
        description="The page that scanners of such a code would see, drawn by what draws it for them, and the first "
        "thing that is wrong with the content. Nothing is stored.",
        handler=preview_code_page,
        status=200,
        answer=PagePreview,
        body=PageDraft,
        sent=code_examples.PAGE_DRAFT,
        problems=(400,),
        example=code_examples.PAGE_PREVIEW,
    ),
)
