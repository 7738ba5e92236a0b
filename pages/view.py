"""What every content page is made of. A type fills in some of it; the template leaves out what is empty."""

from typing import Literal

import msgspec

Icon = Literal[
    "call", "card", "chat", "clock", "date", "down", "file", "lock", "mail", "map", "money", "out", "tag", "web", "wifi"
]


class Button(msgspec.Struct, frozen=True):
    """Something to do. `own` says that its label is ours, in English, and not the owner's."""

    label: str
    href: str
    icon: Icon = "out"
    detail: str = ""
    own: bool = True


class Row(msgspec.Struct, frozen=True):
    """Something to know, under a label of ours. `code` is to be copied as it is."""

    icon: Icon
    label: str
    text: str
    href: str = ""
    code: bool = False


class Media(msgspec.Struct, frozen=True):
    """A file of ours that is shown within the page."""

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
    # What a coupon is redeemed with.
    code: str = ""
    buttons: tuple[Button, ...] = ()
    # Large, one below the other; all of the same weight.
    links: tuple[Button, ...] = ()
    rows: tuple[Row, ...] = ()
    note: str = ""


def buttons(*offered: Button) -> tuple[Button, ...]:
    """Those that lead somewhere."""
    return tuple(button for button in offered if button.href)


def rows(*offered: Row) -> tuple[Row, ...]:
    """Those that say something."""
    return tuple(row for row in offered if row.text)


def initials(name: str) -> str:
    """One or two letters that stand for a name."""
    letters = [word[0] for word in name.split() if word[0].isalnum()]
    return "".join(letters[:1] + letters[-1:] if len(letters) > 1 else letters).upper()[:2]
