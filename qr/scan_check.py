"""Check that a picture scans: zxing-cpp reads it twice, as it is and as a poor camera would see it."""

import zxingcpp
from PIL import Image, ImageChops, ImageFilter

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


# Shares of the symbol that are spoilt, one after the other.
SPOTS = tuple(at / 50 for at in range(1, 16))


def reserve(looked_at: Image.Image, data: str) -> float:
    """Return how much dirt a picture bears: the largest share of its symbol that a square spot may cover, in the middle
    and in the corner without a finder, and it still reads. In the spot dark is light and light is dark, which is the
    worst there is. 0 to 0.3; what a logo has taken of the error correction is missing here."""
    [found, *_] = zxingcpp.read_barcodes(looked_at, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    near, far = found.position.top_left, found.position.bottom_right
    across, down = far.x - near.x, far.y - near.y
    borne = 0.0
    for share in SPOTS:
        wide, high = round(across * share**0.5), round(down * share**0.5)
        middle = (near.x + (across - wide) // 2, near.y + (down - high) // 2)
        corner = (far.x - wide, far.y - high)
        if not all(data in read(_spoilt(looked_at, at, (wide, high))) for at in (middle, corner)):
            break
        borne = share
    return borne


def _spoilt(picture: Image.Image, at: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    spoilt = picture.copy()
    box = (*at, at[0] + size[0], at[1] + size[1])
    spoilt.paste(ImageChops.invert(picture.crop(box)), box)
    return spoilt
