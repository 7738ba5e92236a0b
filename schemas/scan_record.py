"""A scan as others see it: in `/v1/scans`, exports, the stream and webhooks.

One set of fields for all of them. They are what a question can be broken down by; the visitor, the source and its
`seq`, the number of the code and the coordinates stay inside. A code is shown by its id.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from schemas.event import Kind, Outcome

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ScanRecord(msgspec.Struct, frozen=True):
    """One answered scan. What is not known is an empty text."""

    at: Annotated[
        str,
        Meta(
            description="When it was answered: RFC 3339 in UTC, with milliseconds.",
            examples=["2026-05-21T15:00:00.250Z"],
        ),
    ]
    code: Annotated[str, Meta(description="The id of the code.")]
    slug: Annotated[str, Meta(description="Which of the code's slugs was used.")]
    host: Annotated[str, Meta(description="The host of the link.")]
    kind: Annotated[Kind, Meta(description="Whether a person or a program asked.")]
    outcome: Annotated[Outcome, Meta(description="How it ended; totals count `redirect` and `page`.")]
    entry: Annotated[str, Meta(description="`qr` for a scanned code, `link` for a link, or a label of the link's `e`.")]
    placement: Annotated[str, Meta(description="Where the code hangs: the label of the link's `p`.")]
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]
    region: str
    city: str
    device: str
    model: str
    os: str
    browser: str
    client: Annotated[str, Meta(description="The program that asked: a browser, an app, a crawler.")]
    language: str
    referrer_host: str
    referrer: Annotated[str, Meta(description="Origin and path, never the query.")]
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_term: str
    utm_content: str
    variant: Annotated[str, Meta(description="The key of the variant or rule that was followed.")]


FIELDS: tuple[str, ...] = ScanRecord.__struct_fields__

# What to select of `scans` for `record_of`, in the order of the fields.
RECORD_COLUMNS = ", ".join("toUnixTimestamp64Milli(ts)" if field == "at" else field for field in FIELDS)

_CODE = FIELDS.index("code")


def code_of(row: Sequence[Any]) -> int:
    """The number (`schemas.code.Code.birth`) of the code of a row of RECORD_COLUMNS."""
    number: int = row[_CODE]
    return number


def record_of(row: Sequence[Any], id: str) -> ScanRecord:
    """The record of a row of RECORD_COLUMNS. `id` is that of its code."""
    at_ms, _, *rest = row
    return ScanRecord(moment(at_ms), id, *rest)


def moment(at_ms: int) -> str:
    """`2026-05-21T15:00:00.250Z`; the milliseconds are always there, so moments sort as texts."""
    whole, thousandths = divmod(at_ms, 1000)
    return f"{_EPOCH + timedelta(seconds=whole):%Y-%m-%dT%H:%M:%S}.{thousandths:03}Z"
