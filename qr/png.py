"""Render a scene to pixels, from its SVG: so the scan check of a PNG vouches for the SVG, too."""

import io

import resvg_py
from PIL import Image

from qr.scene import Scene
from qr.svg import svg

# With fewer pixels a module, snapping edges to whole pixels would give modules very different widths.
CRISP_FROM = 3.0


def rendered(scene: Scene, pixels: int) -> Image.Image:
    """Render a scene to RGB, or RGBA if parts are transparent. Blocks and holds the GIL."""
    text = svg(scene, pixels)
    if pixels / scene.width < CRISP_FROM:
        text = text.replace(' shape-rendering="crispEdges"', "")
    # No font or file of this machine is read: letters are outlines, images are embedded.
    found = resvg_py.svg_to_bytes(svg_string=text, skip_system_fonts=True)
    picture = Image.open(io.BytesIO(found), formats=("PNG",))
    picture.load()
    lightest, _ = picture.getchannel("A").getextrema()
    return picture.convert("RGB") if lightest == 255 else picture


def png(picture: Image.Image) -> bytes:
    """Encode with as few bits a pixel as the colours need, so that print shops and mail programs handle it well."""
    target = io.BytesIO()
    if picture.mode == "RGB" and (few := picture.getcolors(256)) is not None:
        greys = all(isinstance(colour, tuple) and len(set(colour)) == 1 for _, colour in few)
        picture = picture.convert("L") if greys else picture.quantize(len(few), dither=Image.Dither.NONE)
    picture.save(target, "PNG", compress_level=6)
    return target.getvalue()
