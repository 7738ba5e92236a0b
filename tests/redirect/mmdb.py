"""Writes small MaxMind-format databases, as their published specification says, for tests to look up in."""

import struct
from ipaddress import ip_network
from pathlib import Path

Value = str | int | float | list["Value"] | dict[str, "Value"]

_TEXT, _DOUBLE, _UINT16, _UINT32, _MAP, _ARRAY, _UINT64 = 2, 3, 5, 6, 7, 11, 9


def _head(kind: int, size: int) -> bytes:
    extended = bytes([kind - 7]) if kind > 7 else b""
    first = 0 if kind > 7 else kind << 5
    if size < 29:
        return bytes([first | size]) + extended
    return bytes([first | 29]) + extended + bytes([size - 29])


def _encode(value: Value, whole: int = _UINT32) -> bytes:
    match value:
        case str():
            raw = value.encode()
            return _head(_TEXT, len(raw)) + raw
        case float():
            return _head(_DOUBLE, 8) + struct.pack(">d", value)
        case int():
            raw = value.to_bytes(8, "big").lstrip(b"\0")
            return _head(whole, len(raw)) + raw
        case list():
            return _head(_ARRAY, len(value)) + b"".join(_encode(one) for one in value)
        case dict():
            pairs = (_encode(key) + _encode(one) for key, one in value.items())
            return _head(_MAP, len(value)) + b"".join(pairs)


def write(path: Path, places: dict[str, Value]) -> Path:
    """`places`: network → record. IPv4 networks stand under ::/96, as the format has it."""
    data, offsets = b"", []
    for record in places.values():
        offsets.append(len(data))
        data += _encode(record)
    nodes: list[list[int | None]] = [[None, None]]
    leaves: dict[tuple[int, int], int] = {}
    for number, text in enumerate(places):
        network = ip_network(text)
        length = network.prefixlen + (96 if network.version == 4 else 0)
        bits = f"{int(network.network_address):0128b}"[:length]
        at = 0
        for bit in map(int, bits[:-1]):
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            following = nodes[at][bit]
            assert following is not None
            at = following
        leaves[at, int(bits[-1])] = offsets[number]
    count = len(nodes)
    tree = b""
    for at, pair in enumerate(nodes):
        for bit, following in enumerate(pair):
            where = leaves.get((at, bit))
            value = count + 16 + where if where is not None else count if following is None else following
            tree += value.to_bytes(3, "big")
    about = _head(_MAP, 9) + b"".join(
        _encode(key) + value
        for key, value in {
            "binary_format_major_version": _encode(2, _UINT16),
            "binary_format_minor_version": _encode(0, _UINT16),
            "build_epoch": _encode(1_700_000_000, _UINT64),
            "database_type": _encode("Test-City"),
            "description": _encode({"en": "test"}),
            "ip_version": _encode(6, _UINT16),
            "languages": _encode(["en"]),
            "node_count": _encode(count),
            "record_size": _encode(24, _UINT16),
        }.items()
    )
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + about)
    return path
