"""The pages for a visit that ends at no destination. Each is made once, and says nothing of the code."""

from functools import cache
from typing import Literal

from pages.page import Page, document

_WRONG = {
    "ask": "",
    "wrong": "That is not the password. Please try again.",
    "wait": "Too many tries. Please wait a little, then try again.",
}


def notice(title: str, text: str, *, language: str = "en") -> Page:
    """A heading and a paragraph."""
    return document("notice.html", title=title, text=text, language=language)


@cache
def paused() -> Page:
    return notice("This code is paused", "Its owner has switched it off for now. Please try again later.")


@cache
def expired() -> Page:
    return notice("This code has expired", "It led somewhere until a date that has passed.")


@cache
def limited() -> Page:
    return notice("This code is used up", "It could be scanned a number of times, and has been.")


@cache
def people_only() -> Page:
    """Instead of where a code with a limit leads, for programs, whose visits use nothing up."""
    text = (
        "It opens a limited number of times, so it opens for people and not for programs. "
        "If you are reading this in a browser, please load it again."
    )
    return notice("This code is for people", text)


@cache
def not_found() -> Page:
    """Also for a code whose time has not come: it is not to be told from one that is not there."""
    return notice("Nothing here", "This link leads nowhere. It may have been removed, or mistyped.")


@cache
def unavailable() -> Page:
    return notice("One moment, please", "We cannot look this link up right now. Please try again in a few seconds.")


@cache
def not_allowed() -> Page:
    return notice("Not possible", "A short link can only be opened, nothing else.")


@cache
def gate(state: Literal["ask", "wrong", "wait"] = "ask") -> Page:
    """The password form. It is sent to the address at which it stands, by POST, as `password`."""
    return document("gate.html", title="Password needed", wrong=_WRONG[state], form=True)
