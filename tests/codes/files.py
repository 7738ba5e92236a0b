"""Files of each kind: the smallest that is one; how they are sent, and what is stored."""

from collections.abc import AsyncIterator
from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(64)
SMALLEST: dict[str, bytes] = {
    "application/pdf": b"%PDF-1.7\n" + bytes(80),
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(64),
    "image/gif": b"GIF89a" + bytes(64),
    "image/webp": b"RIFF\x40\0\0\0WEBPVP8 " + bytes(64),
    "image/avif": b"\0\0\0\x1cftypavif" + bytes(64),
    "audio/mpeg": b"ID3\x04" + bytes(80),
    "video/mp4": b"\0\0\0\x18ftypisom" + bytes(64),
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm" + bytes(64),
}


async def pieces(body: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def kept(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
