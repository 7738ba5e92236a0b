"""Events and journals for tests."""

from pathlib import Path

import msgspec

from ingest.journal import Journal
from ingest.reader import SourceReader, offset_of
from schemas.event import ScanEvent, body_of, encode_line

NOW = 1_790_000_000_000


def event(source: int, seq: int, **changes: object) -> ScanEvent:
    plain = ScanEvent(
        *(source, seq, NOW + seq, 1 + seq % 7, 1, "", "spring", "human", "redirect", "CH", "ZH", "Zürich", 47.4, 8.5),
        *("mobile", "iPhone", "iOS", "Safari", "", "", "", "de", "", "", "", "", "", "", "qr", ""),
        visitor=12345 + seq,
    )
    return msgspec.structs.replace(plain, **changes)


def rest_of(record: ScanEvent) -> bytes:
    """What a redirector hands to `append`: the line after its second comma, up to its check."""
    return body_of(encode_line(record)[:-1]).split(b",", 2)[2]


REST = rest_of(event(1, 1))


def open_journal(folder: Path, source: int = 7, max_bytes: int = 1 << 30, segment_bytes: int = 16 << 20) -> Journal:
    return Journal.open(folder, source=source, now_ms=lambda: NOW, max_bytes=max_bytes, segment_bytes=segment_bytes)


def everything(reader: SourceReader, max_records: int = 1000, max_bytes: int = 1 << 20) -> list[bytes]:
    """All lines of a journal, read from its beginning."""
    position = reader.start()
    lines: list[bytes] = []
    while True:
        chunk = reader.read(position, max_records, max_bytes)
        if not chunk.lines:
            return lines
        lines += chunk.lines
        position = chunk.position


def offsets(lines: list[bytes]) -> list[int]:
    return [offset_of(line) for line in lines]
