"""The pages for a visit that ends at no destination. Each is made once."""

from functools import cache

from pages.page import Page, page


@cache
def paused() -> Page:
    return page("This code is paused", "Its owner has switched it off for now. Please try again later.")


@cache
def not_found() -> Page:
    return page("Nothing here", "This link leads nowhere. It may have been removed, or mistyped.")


@cache
def unavailable() -> Page:
    return page("One moment, please", "We cannot look this link up right now. Please try again in a few seconds.")


@cache
def not_allowed() -> Page:
    return page("Not possible", "A short link can only be opened, nothing else.")
