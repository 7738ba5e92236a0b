"""The view model of content pages: title, text, buttons, rows, media. Each type fills in its parts."""

from typing import Literal

import msgspec

Icon = Literal[
    "call", "card", "chat", "clock", "date", "down", "file", "lock", "mail", "map", "money", "out", "tag", "web", "wifi"
]

# 24 by 24 stroke paths.
ICONS: dict[str, str] = {
    "call": "M6 3h3l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3",
    "card": "M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1M6.5 15.5a2.5 2.5 0 0 1 5 0"
    "M9 12a1.75 1.75 0 1 0 0-3.5A1.75 1.75 0 0 0 9 12M15 10h3M15 14h3",
    "chat": "M4 5h16v11H10l-4 4v-4H4z",
    "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3 2",
    "date": "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
    "down": "M12 4v11M7 11l5 5 5-5M5 20h14",
    "file": "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
    "lock": "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    "mail": "M3 6h18v12H3zM3 7l9 6 9-6",
    "map": "M12 21c4-5 7-8 7-12a7 7 0 0 0-14 0c0 4 3 7 7 12M12 11.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
    "money": "M3 7h18v11H3zM3 11h18M7 15h3",
    "out": "M8 16 17 7M9 7h8v8",
    "tag": "M4 4h8l8 8-8 8-8-8zM8.5 8.5h.01",
    "web": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
    "wifi": "M3 9a13 13 0 0 1 18 0M6 12.5a8.5 8.5 0 0 1 12 0M9 16a4 4 0 0 1 6 0M12 19.5h.01",
}


class Button(msgspec.Struct, frozen=True):
    """An action. `own`: the label is ours (English), not the owner's."""

    label: str
    href: str
    icon: Icon = "out"
    detail: str = ""
    own: bool = True


class Row(msgspec.Struct, frozen=True):
    """A fact under a label of ours. `code`: shown in monospace, to be copied."""

    icon: Icon
    label: str
    text: str
    href: str = ""
    code: bool = False


class Media(msgspec.Struct, frozen=True):
    """An uploaded file, shown within the page."""

    kind: Literal["image", "audio", "video"]
    src: str
    label: str
    caption: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    kicker: str = ""
    subtitle: str = ""
    monogram: str = ""
    badge: str = ""
    media: tuple[Media, ...] = ()
    text: str = ""
    # The code that redeems a coupon.
    code: str = ""
    buttons: tuple[Button, ...] = ()
    # Large, one below the other; all of the same weight.
    links: tuple[Button, ...] = ()
    rows: tuple[Row, ...] = ()
    note: str = ""


def buttons(*offered: Button) -> tuple[Button, ...]:
    """Drop the buttons that lead nowhere."""
    return tuple(button for button in offered if button.href)


def rows(*offered: Row) -> tuple[Row, ...]:
    """Drop the rows without text."""
    return tuple(row for row in offered if row.text)


def initials(name: str) -> str:
    """The one or two initials of a name."""
    letters = [word[0] for word in name.split() if word[0].isalnum()]
    return "".join(letters[:1] + letters[-1:] if len(letters) > 1 else letters).upper()[:2]
