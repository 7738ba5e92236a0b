"""In which format a caller wants rows: `?format=`, or else the Accept header."""

import re

from starlette.requests import Request

from api.parameters import Parameter
from api.problems import invalid
from infra.raw_output import FORMATS, FileFormat

JSON = "json"
_ALIASES = {
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/parquet": "parquet",
    "application/json": JSON,
}
_BY_MEDIA = {one.media: one.name for one in FORMATS.values()} | _ALIASES
_QUALITY = re.compile(r"q=(0(\.\d{0,3})?|1(\.0{0,3})?)", re.ASCII)

FORMAT = Parameter(
    "format",
    "query",
    "How the rows are written; it goes before `Accept`.",
    {"type": "string", "enum": list(FORMATS)},
)
QUERY_FORMAT = Parameter(
    "format",
    "query",
    "How the answer is written; it goes before `Accept`. A file has every row, if the question names no limit.",
    {"type": "string", "enum": [JSON, *FORMATS], "default": JSON},
)
MEDIA = tuple(one.media for one in FORMATS.values())


def chosen(request: Request, default: str) -> FileFormat | None:
    """The format of a file; None for JSON, where that is the `default`. A header that names nothing that is there is
    ignored. Raises Problem (400) for such a parameter."""
    names = (*FORMATS, JSON) if default == JSON else tuple(FORMATS)
    asked = request.query_params.get("format")
    if asked is not None:
        if asked not in names:
            raise invalid("format", f"format must be one of: {', '.join(names)}")
        return FORMATS.get(asked)
    for media in _accepted(request.headers.get("accept", "")):
        if media == "*/*":
            break
        if (name := _BY_MEDIA.get(media)) in names:
            return FORMATS.get(name or "")
    return FORMATS.get(default)


def _accepted(header: str) -> list[str]:
    """The media types, those that are wanted most first."""
    found: list[tuple[float, str]] = []
    for part in header.split(","):
        media, *parameters = (text.strip().lower() for text in part.split(";"))
        quality = next((float(match[1]) for one in parameters if (match := _QUALITY.fullmatch(one))), 1.0)
        if media and quality:
            found.append((quality, media))
    return [media for _, media in sorted(found, key=lambda one: -one[0])]
