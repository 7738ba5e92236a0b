"""A scene as pixels: its SVG, rendered. So what is read in a PNG before it is handed out was drawn by the same steps
that an SVG consists of."""

import io

import resvg_py
from PIL import Image

from qr.scene import Scene
from qr.svg import svg

# Fewer pixels for a module than these, and edges on whole pixels would make neighbours of very different widths.
CRISP_FROM = 3.0


def rendered(scene: Scene, pixels: int) -> Image.Image:
    """RGB, or RGBA where something shows through. Blocks, and holds the interpreter's lock meanwhile."""
    text = svg(scene, pixels)
    if pixels / scene.width < CRISP_FROM:
        text = text.replace(' shape-rendering="crispEdges"', "")
    # No font and no file of this machine: letters are outlines, and images are part of the text.
    found = resvg_py.svg_to_bytes(svg_string=text, skip_system_fonts=True)
    picture = Image.open(io.BytesIO(found), formats=("PNG",))
    picture.load()
    lightest, _ = picture.getchannel("A").getextrema()
    return picture.convert("RGB") if lightest == 255 else picture


def png(picture: Image.Image) -> bytes:
    """As few bits for a pixel as its colours need: print shops and mail programs thank for it."""
    target = io.BytesIO()
    if picture.mode == "RGB" and (few := picture.getcolors(256)) is not None:
        greys = all(isinstance(colour, tuple) and len(set(colour)) == 1 for _, colour in few)
        picture = picture.convert("L") if greys else picture.quantize(len(few), dither=Image.Dither.NONE)
    picture.save(target, "PNG", compress_level=6)
    return target.getvalue()
