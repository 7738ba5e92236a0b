"""What a code's rules may ask of a visit."""

from functools import cached_property
from urllib.parse import parse_qsl

import msgspec

from redirect.language import first_choice
from redirect.line import Seen

LONGEST_QUERY = 2048
MOST_PARAMETERS = 64


class Facts:
    """Read from the very pieces that the event is made of, so that what a rule saw is what is stored. Each part is
    read when the first rule asks for it."""

    def __init__(self, seen: Seen, accept_language: bytes, query: bytes) -> None:
        self.at_ms = seen[0]
        self._where = seen[3]
        self._said = seen[4]
        self._accept_language = accept_language
        self._query = query

    @cached_property
    def _place(self) -> list[str]:
        return [part.casefold() for part in _decode(self._where)[:3]]

    @cached_property
    def _agent(self) -> list[str]:
        return _decode(self._said)

    @property
    def country(self) -> str:
        return self._place[0]

    @property
    def region(self) -> str:
        return self._place[1]

    @property
    def city(self) -> str:
        return self._place[2]

    @property
    def device(self) -> str:
        return self._agent[0].casefold()

    @property
    def os(self) -> str:
        """As the event says it; a rule compares it without regard to case."""
        return self._agent[2]

    @property
    def browser(self) -> str:
        return self._agent[3].casefold()

    @cached_property
    def language(self) -> str:
        return first_choice(self._accept_language)

    @cached_property
    def parameters(self) -> dict[str, list[str]]:
        """Of the scan's query: name → values, decoded."""
        found: dict[str, list[str]] = {}
        text = self._query[:LONGEST_QUERY].decode("latin-1")
        pairs = parse_qsl("&".join(text.split("&")[:MOST_PARAMETERS]), keep_blank_values=True, errors="replace")
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        return found


def _decode(piece: bytes) -> list[str]:
    """A piece of a journal line (`redirect.line.piece`), read back."""
    return list(msgspec.json.decode(b"[" + piece[1:] + b"]"))
