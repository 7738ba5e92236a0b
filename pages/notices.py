"""Notices for scans that reach no destination. Each is rendered once, and reveals nothing about the code."""

from functools import cache
from typing import Literal

from pages.page import Page, document

_WRONG = {
    "ask": "",
    "wrong": "That is not the password. Please try again.",
    "wait": "Too many tries. Please wait a little, then try again.",
}


def notice(title: str, text: str, *, language: str = "en") -> Page:
    """Render a page with a heading and a paragraph."""
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
    """Shown to programs in place of a scan-limited destination; their visits use up no scan."""
    text = (
        "It opens a limited number of times, so it opens for people and not for programs. "
        "If you are reading this in a browser, please load it again."
    )
    return notice("This code is for people", text)


@cache
def not_found() -> Page:
    """Also shown before a code starts: nobody can tell it from a code that does not exist."""
    return notice("Nothing here", "This link leads nowhere. It may have been removed, or mistyped.")


@cache
def unavailable() -> Page:
    return notice("One moment, please", "We cannot look this link up right now. Please try again in a few seconds.")


@cache
def not_allowed() -> Page:
    return notice("Not possible", "A short link can only be opened, nothing else.")


@cache
def gate(state: Literal["ask", "wrong", "wait"] = "ask") -> Page:
    """The password form. It posts `password` to its own address."""
    return document("gate.html", title="Password needed", wrong=_WRONG[state], form=True)
