"""Check that a picture scans: zxing-cpp reads it twice, as it is and as a poor camera would see it."""

import zxingcpp
from PIL import Image, ImageFilter

# Pixels per module: about what a phone's camera sees at arm's length. More takes longer, and makes readers judge the
# shape of a dot instead of its position.
PER_MODULE = 6.0
# The blur in modules, and the share of the contrast that remains.
BLUR = 0.33
CONTRAST = 0.55


def read(picture: Image.Image) -> list[str]:
    """Return the texts of all symbols in the picture."""
    return [
        found.text
        for found in zxingcpp.read_barcodes(
            picture,
            formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
            text_mode=zxingcpp.TextMode.Plain,
        )
    ]


def on_white(picture: Image.Image) -> Image.Image:
    """Convert to greyscale, with transparency on white."""
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L")


def grey(picture: Image.Image, per_module: float) -> Image.Image:
    """As `on_white`, scaled down to `PER_MODULE`."""
    found = on_white(picture)
    if per_module > PER_MODULE * 1.5:
        share = PER_MODULE / per_module
        size = (max(1, round(found.width * share)), max(1, round(found.height * share)))
        found = found.resize(size, Image.Resampling.BOX)
    return found


def reads(looked_at: Image.Image, data: str) -> bool:
    """Return whether the unchanged picture reads as `data` and nothing else."""
    return read(looked_at) == [data]


def reads_poorly(looked_at: Image.Image, per_module: float, data: str) -> bool:
    """Return whether the picture reads as `data` out of focus and in poor light."""
    blurred = looked_at.filter(ImageFilter.GaussianBlur(BLUR * min(per_module, PER_MODULE)))
    dim = blurred.point([round(40 + value * CONTRAST) for value in range(256)])
    return data in read(dim)
