"""Other people's pictures: bounded before they are decoded, and written anew."""

import io
import struct
import zlib

import pytest
from PIL import Image

from qr import logo
from qr.errors import Refused
from tests.qr.styles import data_uri, encoded, picture


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int, pixels: bytes = b"") -> bytes:
    """Says to be so large; what it unpacks to is another matter."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_pictures_of_four_kinds_are_taken(format: str) -> None:
    image = picture(300, 200).convert("RGB") if format == "JPEG" else picture(300, 200)
    found = logo.opened(encoded(image, format))
    assert (found.mode, found.size) == ("RGBA", (300, 200))


def test_large_ones_are_kept_small() -> None:
    assert max(logo.opened(encoded(Image.new("RGB", (3000, 2000), "red"), "JPEG")).size) == logo.KEPT


def test_a_bomb_is_refused_by_its_header() -> None:
    """A thousand bytes that would be 40 GB."""
    bomb = png_header(100_000, 100_000, zlib.compress(bytes(1 << 20), 9))
    with pytest.raises(Refused, match=r"pixels|can be read"):
        logo.opened(bomb)
    with pytest.raises(Refused, match="pixels"):
        logo.opened(png_header(5_000, 5_000))


def test_text_that_unpacks_to_much_is_refused() -> None:
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(20 << 20), 1))
    head, rest = encoded(picture())[:33], encoded(picture())[33:]
    with pytest.raises(Refused):
        logo.opened(head + text + rest)


@pytest.mark.parametrize(
    "bytes_",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", encoded(picture())[:200]],
    ids=["nothing", "svg", "pdf", "half a header", "half a picture"],
)
def test_what_is_no_picture_is_refused(bytes_: bytes) -> None:
    with pytest.raises(Refused, match="PNG, JPEG, WebP or GIF"):
        logo.opened(bytes_)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(Refused, match="1,024 KB"):
        logo.opened(bytes(logo.MAX_BYTES + 1))
    with pytest.raises(Refused, match="1,024 KB"):
        logo.source(data_uri(bytes(logo.MAX_BYTES + 1)), "style.logo")


def test_slivers_are_refused() -> None:
    with pytest.raises(Refused, match="8 times"):
        logo.opened(encoded(Image.new("RGB", (900, 100))))


def test_nothing_but_pixels_is_passed_on() -> None:
    image = Image.new("RGB", (50, 50), "blue")
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    target = io.BytesIO()
    image.save(target, "JPEG", exif=exif, comment=b"where I live")
    assert b"where I live" in target.getvalue()
    assert b"where I live" not in logo.png(logo.opened(target.getvalue()))


def test_a_picture_that_lies_on_its_side_is_set_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    target = io.BytesIO()
    Image.new("RGB", (60, 20), "blue").save(target, "JPEG", exif=exif)
    assert logo.opened(target.getvalue()).size == (20, 60)


@pytest.mark.parametrize(
    "said", ["data:image/png;base64,!!", "data:image/png", "ftp://example.com/a.png", "/etc/passwd", "", 7, None]
)
def test_what_says_nowhere_to_look_is_refused(said: object) -> None:
    with pytest.raises(Refused):
        logo.source(said, "style.logo")
