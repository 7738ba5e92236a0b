"""Read the fields of a content, and escape them so that none can end its field and start another."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from qr.errors import Refused

# Control characters except line ends and tabs; lone surrogates.
_unseen = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_spaces = re.compile(r"\s+")


class Fields:
    """`at` is the path of these fields, for error messages."""

    def __init__(self, given: Mapping[str, Any], at: str) -> None:
        self._given = given
        self._at = at

    def raw(self, name: str) -> Any:
        return self._given.get(name)

    def refused(self, name: str, why: str) -> Refused:
        return Refused(f"{self._at}.{name}", why)

    def lines(self, *names: str, needed: bool = False) -> str:
        """Return the first non-empty field of these; numbers as text. Line ends are \\n."""
        for name in names:
            value = self._given.get(name)
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                continue
            said = str(value).replace("\r\n", "\n").replace("\r", "\n")
            if _unseen.search(said):
                raise self.refused(name, "must not hold control characters")
            if said.strip():
                return said
        if needed:
            raise self.refused(names[0], "is missing")
        return ""

    def line(self, *names: str, needed: bool = False) -> str:
        """As `lines`, on one line."""
        return _spaces.sub(" ", self.lines(*names, needed=needed)).strip()

    def flag(self, name: str) -> bool:
        return self._given.get(name) is True


def backslashed(text: str, special: str) -> str:
    """Escape the characters of `special`, and the backslash, with a backslash."""
    return re.sub(rf"[\\{re.escape(special)}]", lambda found: f"\\{found[0]}", text)


def query(**parts: str) -> str:
    """Build a query with spaces as %20: mail and message apps show a plus literally."""
    given = {name: value for name, value in parts.items() if value}
    return f"?{urlencode(given, quote_via=quote, safe='')}" if given else ""
