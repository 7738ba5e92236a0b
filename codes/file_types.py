"""Detect what a file is by its first bytes; its name and its declared type do not count."""

# As many bytes as any check looks at.
HEAD = 64

_MP4_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")
_AVIF_BRANDS = (b"avif", b"avis")
_EBML = b"\x1a\x45\xdf\xa3"
_STARTS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"ID3", "audio/mpeg"),
)


def detect_content_type(head: bytes) -> str | None:
    """One of the types that `schemas.files` knows, or None."""
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "video/mp4" if brand in _MP4_BRANDS else "image/avif" if brand in _AVIF_BRANDS else None
    if head[:4] == _EBML and b"\x42\x82\x84webm" in head[:HEAD]:
        return "video/webm"
    return "audio/mpeg" if _is_mp3_frame(head[:4]) else None


def _is_mp3_frame(head: bytes) -> bool:
    """The header of a frame of MPEG audio, layer III: eleven bits set, and no reserved value in the rest."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and bitrate not in (0, 15) and rate != 3
