"""Views of files: documents, pictures, films, sound. A page shows only files that were uploaded here; a foreign file
is a link, so that no other host learns who has scanned.
"""

from typing import Literal

from pages import links
from pages.content_fields import ContentFields
from pages.view_model import Button, Media, View, buttons

MOST_IMAGES = 50
_KB = 1024


def size(count: str) -> str:
    """Format a size, like `1.5 MB`."""
    if not count.isdigit() or len(count) > 15:
        return ""
    amount, unit = float(count), "bytes"
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < _KB or unit == "GB":
            break
        amount /= _KB
    return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 10 else f"{amount:.1f} {unit}".replace(".0 ", " ")


def href(fields: ContentFields) -> str:
    path = fields.text("file_path", longest=2_048)
    # A foreign file needs a scheme: text that looks like a host may be a path of the system it came from.
    return links.own_file(path) or (links.web(path) if "://" in path else "")


def title(fields: ContentFields, otherwise: str) -> str:
    return fields.text("title") or fields.text("file_name").rsplit(".", 1)[0].replace("_", " ").strip() or otherwise


def document(fields: ContentFields) -> View:
    return View(
        title=title(fields, "Document"),
        subtitle=fields.text("file_name"),
        text=fields.lines("description"),
        buttons=buttons(Button("Open the PDF", href(fields), "file", size(fields.text("size_bytes")))),
        note="" if href(fields) else "This file is not here any more.",
    )


def playable(fields: ContentFields, kind: Literal["audio", "video"]) -> View:
    named = title(fields, "Film" if kind == "video" else "Sound")
    own = links.own_file(fields.text("file_path", longest=2_048))
    label = "Save the film" if kind == "video" else "Save the sound"
    return View(
        title=named,
        subtitle=fields.text("artist", "subtitle"),
        text=fields.lines("description"),
        media=(Media(kind, own, named),) if own else (),
        buttons=buttons(
            Button(label if own else "Open", href(fields), "down" if own else "out", size(fields.text("size_bytes")))
        ),
        note="" if href(fields) else "This file is not here any more.",
    )


def images(fields: list[ContentFields]) -> View:
    shown, elsewhere = [], []
    for number, one in enumerate(fields, 1):
        path = links.own_file(one.text("file_path", longest=2_048))
        caption = one.text("caption", "title")
        label = one.text("alt") or caption or f"Picture {number} of {len(fields)}"
        if path:
            shown.append(Media("image", path, label, caption))
        else:
            elsewhere.append(Button(caption or one.text("file_name") or label, href(one), "out", own=False))
    return View(
        title="Pictures",
        media=tuple(shown),
        links=tuple(elsewhere),
        note="" if fields else "There are no pictures here.",
    )
