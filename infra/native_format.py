"""Write ClickHouse's Native format: blocks of columns, which cost the server the least work to insert.

Written by us, because the client's own writer loads pandas first and takes rows. A text column is given as its
distinct values and, for each row, which of them it has: that is what LowCardinality is inside, so nothing is parsed,
hashed or compared again on the other side.
"""

import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# LowCardinality: its version; then, for a block, the width of an index with "its own dictionary" and "a new one".
_VERSION = 1
_OWN_DICTIONARY = 0x200 | 0x400
_WIDTHS = ("u1", "u2", "u4")


class Texts(msgspec.Struct, frozen=True):
    """`values[index[row]]` is the text of a row."""

    values: Sequence[str]
    index: Array


class Column(msgspec.Struct, frozen=True):
    """`type` is the warehouse's own name of it."""

    name: str
    type: str
    data: bytes


def block(columns: Sequence[Column], rows: int) -> bytes:
    parts = [_varint(len(columns)), _varint(rows)]
    for column in columns:
        parts += (_text(column.name), _text(column.type), column.data)
    return b"".join(parts)


def number(name: str, type: str, values: Array) -> Column:
    """Its items must be as wide as the type."""
    return Column(name, type, values.tobytes())


def nullable(name: str, type: str, values: Array, null: Array) -> Column:
    return Column(name, f"Nullable({type})", null.astype(np.uint8).tobytes() + values.tobytes())


def enum(name: str, labels: Sequence[str], values: Array) -> Column:
    """The labels count from 1."""
    named = ", ".join(f"'{label}' = {number}" for number, label in enumerate(labels, start=1))
    return Column(name, f"Enum8({named})", values.astype(np.uint8).tobytes())


def strings(name: str, texts: Texts) -> Column:
    written = [_text(value) for value in texts.values]
    return Column(name, "String", b"".join(map(written.__getitem__, texts.index.tolist())))


def low_cardinality(name: str, texts: Texts) -> Column:
    """Only values that a row has, each once."""
    width = next(at for at in range(3) if len(texts.values) <= 1 << (8 << at))
    head = struct.pack("<QQQ", _VERSION, width | _OWN_DICTIONARY, len(texts.values))
    rows = struct.pack("<Q", len(texts.index)) + texts.index.astype(_WIDTHS[width]).tobytes()
    return Column(name, "LowCardinality(String)", b"".join([head, *map(_text, texts.values), rows]))


def _text(value: str) -> bytes:
    raw = value.encode()
    return _varint(len(raw)) + raw


def _varint(number: int) -> bytes:
    if number < 128:
        return _BYTES[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_BYTES = [bytes([number]) for number in range(128)]
