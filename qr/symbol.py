"""Encode data as a QR symbol: which modules are dark."""

from typing import Literal

import msgspec
import segno

from qr.errors import Refused

Level = Literal["L", "M", "Q", "H"]
# The share of the codewords that each level can restore.
RESTORES = {"L": 0.07, "M": 0.15, "Q": 0.25, "H": 0.30}
# The capacity of the largest symbol in bytes.
HOLDS = {"L": 2953, "M": 2331, "Q": 1663, "H": 1273}
FINDER = 7


class Symbol(msgspec.Struct, frozen=True):
    """`rows[y][x]` says whether a module is dark; there is no quiet zone here."""

    rows: tuple[tuple[bool, ...], ...]
    level: Level

    @property
    def side(self) -> int:
        return len(self.rows)

    @property
    def finders(self) -> tuple[tuple[int, int], ...]:
        """The top left corners of the three finder patterns."""
        far = self.side - FINDER
        return (0, 0), (far, 0), (0, far)

    def dark(self, x: int, y: int) -> bool:
        return 0 <= x < self.side and 0 <= y < self.side and self.rows[y][x]

    def in_finder(self, x: int, y: int) -> bool:
        near, far = FINDER, self.side - FINDER
        return (x < near and (y < near or y >= far)) or (x >= far and y < near)


def symbol(data: str, level: Level, *, mask: int | None = None, said: bool = False) -> Symbol:
    """Encode data with at least the error correction of `level`, and more if the symbol does not grow. Text beyond
    ASCII is UTF-8; `said` declares that in the symbol, which costs a byte or two, and which some old scanners do not
    understand. `mask` None: the standard's preferred mask. Raises Refused for data that does not fit."""
    if not data:
        raise Refused("data", "must not be empty")
    try:
        encoded = data.encode()
    except UnicodeEncodeError:
        raise Refused("data", "must not hold halves of characters") from None
    if len(encoded) > 4 * HOLDS["L"]:
        raise _too_long(level)
    plain = data.isascii()
    try:
        made = segno.make_qr(
            data if plain else encoded,
            error=level,
            boost_error=True,
            mask=mask,
            mode=None if plain else "byte",
            encoding=None if plain else "utf-8",
            eci=said and not plain,
        )
    except segno.DataOverflowError:
        raise _too_long(level) from None
    rows = tuple(tuple(bool(module) for module in row) for row in made.matrix)
    return Symbol(rows, _LEVELS[made.error or level])


_LEVELS: dict[str, Level] = {"L": "L", "M": "M", "Q": "Q", "H": "H"}


def _too_long(level: Level) -> Refused:
    return Refused("data", f"does not fit a symbol: with error correction {level} one holds {HOLDS[level]:,} bytes")
