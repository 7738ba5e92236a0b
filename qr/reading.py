"""Whether a picture can be scanned: it is, by zxing-cpp, twice: as it is, and as a poor camera might see it."""

import zxingcpp
from PIL import Image, ImageFilter

# About what a phone's camera gives a module when a symbol is at arm's length; more only takes longer, and makes
# readers look at the shape of a dot instead of at where it is.
PER_MODULE = 6.0
# Blurred by this much of a module, and with this much of the contrast left.
BLUR = 0.33
CONTRAST = 0.55


def read(picture: Image.Image) -> list[str]:
    """The texts of all symbols that are found."""
    return [
        found.text
        for found in zxingcpp.read_barcodes(
            picture,
            formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
            text_mode=zxingcpp.TextMode.Plain,
        )
    ]


def on_white(picture: Image.Image) -> Image.Image:
    """In shades of grey, and on white where it is transparent."""
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L")


def grey(picture: Image.Image, per_module: float) -> Image.Image:
    """The same, no larger than need be."""
    found = on_white(picture)
    if per_module > PER_MODULE * 1.5:
        share = PER_MODULE / per_module
        size = (max(1, round(found.width * share)), max(1, round(found.height * share)))
        found = found.resize(size, Image.Resampling.BOX)
    return found


def reads(looked_at: Image.Image, data: str) -> bool:
    """As it is: this and nothing else."""
    return read(looked_at) == [data]


def reads_poorly(looked_at: Image.Image, per_module: float, data: str) -> bool:
    """Out of focus and in poor light."""
    blurred = looked_at.filter(ImageFilter.GaussianBlur(BLUR * min(per_module, PER_MODULE)))
    dim = blurred.point([round(40 + value * CONTRAST) for value in range(256)])
    return data in read(dim)
