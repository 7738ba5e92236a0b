"""A picture is as large as was asked for, and says what it was given."""

import io

import pytest
import zxingcpp
from PIL import Image

import qr
from qr.errors import Refused
from qr.style import PLAIN


def read(png: bytes) -> str:
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(png)))
    assert found is not None
    return str(found.text)


@pytest.mark.parametrize("size", [64, 65, 333, 1024, 4096])
def test_a_png_is_exactly_as_large_as_was_asked_for(size: int) -> None:
    picture = qr.draw("https://s.example.net/k7Pm2qR", PLAIN, "png", size)
    assert Image.open(io.BytesIO(picture)).size == (size, size)
    assert read(picture) == "https://s.example.net/k7Pm2qR"


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(Refused, match="does not fit"):
        qr.draw("x" * 5_000, PLAIN, "png", 512)
