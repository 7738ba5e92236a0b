"""Pages around files: documents, pictures, films, sound. Only files that were uploaded here are shown within a page;
one from elsewhere is a link, so that nobody else learns who has scanned.
"""

from typing import Literal

from pages import links
from pages.reading import Given
from pages.view import Button, Media, View, buttons

MOST_IMAGES = 50
_KB = 1024


def size(count: str) -> str:
    """`1.5 MB`."""
    if not count.isdigit() or len(count) > 15:
        return ""
    amount, unit = float(count), "bytes"
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < _KB or unit == "GB":
            break
        amount /= _KB
    return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 10 else f"{amount:.1f} {unit}".replace(".0 ", " ")


def href(given: Given) -> str:
    path = given.text("file_path", longest=2_048)
    # A foreign file must say its scheme: what looks like a host may be a path of the system it came from.
    return links.own_file(path) or (links.web(path) if "://" in path else "")


def title(given: Given, otherwise: str) -> str:
    return given.text("title") or given.text("file_name").rsplit(".", 1)[0].replace("_", " ").strip() or otherwise


def document(given: Given) -> View:
    return View(
        title=title(given, "Document"),
        subtitle=given.text("file_name"),
        text=given.lines("description"),
        buttons=buttons(Button("Open the PDF", href(given), "file", size(given.text("size_bytes")))),
        note="" if href(given) else "This file is not here any more.",
    )


def playable(given: Given, kind: Literal["audio", "video"]) -> View:
    named = title(given, "Film" if kind == "video" else "Sound")
    own = links.own_file(given.text("file_path", longest=2_048))
    label = "Save the film" if kind == "video" else "Save the sound"
    return View(
        title=named,
        subtitle=given.text("artist", "subtitle"),
        text=given.lines("description"),
        media=(Media(kind, own, named),) if own else (),
        buttons=buttons(
            Button(label if own else "Open", href(given), "down" if own else "out", size(given.text("size_bytes")))
        ),
        note="" if href(given) else "This file is not here any more.",
    )


def images(given: list[Given], name: str) -> View:
    shown, elsewhere = [], []
    for number, one in enumerate(given[:MOST_IMAGES], 1):
        path = links.own_file(one.text("file_path", longest=2_048))
        caption = one.text("caption", "title")
        label = one.text("alt") or caption or f"Picture {number} of {len(given)}"
        if path:
            shown.append(Media("image", path, label, caption))
        else:
            elsewhere.append(Button(caption or one.text("file_name") or label, href(one), "out", own=False))
    return View(
        title=name or "Pictures",
        media=tuple(shown),
        links=tuple(elsewhere),
        note="" if given else "There are no pictures here.",
    )
