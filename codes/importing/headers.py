"""What the columns of a CSV are that does not say it: phpMyAdmin and `SELECT … INTO OUTFILE` write none."""

import re

from codes.importing import generic, yourls
from codes.importing.link import Unreadable

_WEB = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TIME = re.compile(r"\s*\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
_WHOLE = re.compile(r"\s*\d+\s*")


def are_names(cells: list[str]) -> bool:
    """A column is never called like an address."""
    return not any(_WEB.match(cell) for cell in cells)


def guessed(cells: list[str], name: str | None) -> list[str]:
    """The names of the columns, by the first line; `name` is the format, where somebody has said it. Raises
    Unreadable for what can be read in two ways."""
    web = [at for at, cell in enumerate(cells) if _WEB.match(cell)]
    if not web:
        shown = ", ".join(sorted(cell.strip().lower() for cell in cells)) or "(none)"
        raise Unreadable(
            f"no known export has the columns {shown}: a CSV of your own needs `slug` and `destination`, and one"
            " without names of columns addresses that begin with https://"
        )
    if name in (None, yourls.NAME) and _is_yourls(cells):
        return [*yourls.TABLE, *_rest(cells, len(yourls.TABLE))]
    if name not in (None, generic.NAME, yourls.NAME):
        raise Unreadable(f"its first line does not name the columns, which {name} has in no known order")
    if not (_is_pair(cells, web) or (_is_pair(cells[:2], web) and len(cells) == 3 and _WHOLE.fullmatch(cells[2]))):
        raise Unreadable(
            "its first line does not name the columns, and they can be read in several ways:"
            " put a line like `slug,destination` before it"
        )
    return _of_two(cells, web, name)


def _is_yourls(cells: list[str]) -> bool:
    """keyword, url, title, timestamp, ip, clicks; plugins add to the right."""
    return (
        len(cells) >= len(yourls.TABLE)
        and not _WEB.match(cells[0])
        and bool(_WEB.match(cells[1]) and _TIME.match(cells[3]) and _WHOLE.fullmatch(cells[5]))
    )


def _is_pair(cells: list[str], web: list[int]) -> bool:
    """A slug and a destination, in either order, or two addresses."""
    return len(cells) == 2 and all(at < 2 for at in web)


def _of_two(cells: list[str], web: list[int], name: str | None) -> list[str]:
    """Slug and destination in either order, or the short link and then the destination; perhaps with the clicks."""
    if len(web) == 2:
        short, long = web
    else:
        long = web[0]
        short = 0 if long else 1
    names = _rest(cells, 0)
    if name == yourls.NAME:
        names[short], names[long] = "source", "target"
    else:
        names[short] = "short link" if len(web) == 2 else "slug"
        names[long] = "destination"
    for at, cell in enumerate(cells):
        if at not in (short, long) and _WHOLE.fullmatch(cell):
            names[at] = "clicks"
    return names


def _rest(cells: list[str], start: int) -> list[str]:
    return [f"column {at + 1}" for at in range(start, len(cells))]
