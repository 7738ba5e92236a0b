"""Which months of the rollups were proven before, so that they need no second proof while nothing has changed.

A month is known again by a fingerprint: the engine's own checksums of the parts that hold its scans, and sums over its
entries in both rollups, hashed with a key that only this file has. The same fingerprint means the same rows, but for
one chance in 2^64. Whatever touches a row, or merges parts anew, changes it, and the month is compared again.

The memory lies in the data folder, not in the warehouse. Losing it costs one longer audit.
"""

import secrets
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client

from infra.durable_files import replace_file
from infra.rollups import ROLLUPS, rollup_select


class Memory(msgspec.Struct):
    """`proven`: month (as 202712) → the fingerprint with which it was seen to be right."""

    key: str
    proven: dict[int, str] = {}


def read(path: Path, make_key: Callable[[int], str] = secrets.token_hex) -> Memory:
    """An empty one when there is none, or none that can be read. Raises OSError."""
    try:
        memory = msgspec.json.decode(path.read_bytes(), type=Memory)
        _words(memory.key)
    except (FileNotFoundError, msgspec.DecodeError, ValueError):
        return Memory(make_key(16))
    return memory


def write(path: Path, memory: Memory) -> None:
    """Raises OSError."""
    replace_file(path, msgspec.json.encode(memory) + b"\n", durable=False)


def fingerprints(client: Client, key: str) -> dict[int, str]:
    """Of each month whose scans lie in parts that this server has. Reads the rollups, and of the scans nothing."""
    first, second = _words(key)
    hashed = f"sipHash64Keyed((toUInt64({first}), toUInt64({second})), "
    queries = (
        "SELECT toUInt32(partition), groupBitXor(sipHash64(name, hash_of_all_files)), sum(rows) FROM system.parts"
        " WHERE active AND database = currentDatabase() AND table = 'scans' GROUP BY partition",
        # What is merged stays the same sum here; in the other one it does not, and is compared again.
        f"SELECT toYYYYMM(day) AS month, sum(n * {hashed}code, toString(dimension), day, value, kind))"  # noqa: S608
        " FROM scans_by_value GROUP BY month",
        f"SELECT toYYYYMM(bucket) AS month, sum({hashed}code, bucket, kind, n, last, sipHash64(visitors)))"  # noqa: S608
        " FROM scans_by_time GROUP BY month",
    )
    parts, *sums = ({row[0]: row[1:] for row in client.query(query).result_rows} for query in queries)
    return {month: _digest(found, [one.get(month) for one in sums]) for month, found in parts.items()}


def _digest(*what: object) -> str:
    # What was proven by another rule is not proven by this one.
    rules = [rollup_select(rollup) for rollup in ROLLUPS]
    return blake2b(repr((rules, what)).encode(), digest_size=16).hexdigest()


def _words(key: str) -> tuple[int, int]:
    raw = bytes.fromhex(key)
    if len(raw) != 16:
        raise ValueError("a key has 16 bytes")
    return int.from_bytes(raw[:8]), int.from_bytes(raw[8:])
