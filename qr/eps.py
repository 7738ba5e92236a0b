"""A scene as Encapsulated PostScript, level 3 (which has gradients), for programs that lay out print."""

import base64
import io
import textwrap
import zlib

from PIL import Image as Pillow

from qr.paths import Path
from qr.pdf import outline, rgb, shading
from qr.scene import Area, Image, Scene
from qr.svg import number

_OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h"}
_PROLOG = """/m{moveto}bind def/l{lineto}bind def/c{curveto}bind def/h{closepath}bind def"""


def eps(scene: Scene, points: int) -> bytes:
    """Write a scene as EPS, `points` wide."""
    scale = points / scene.width
    high = scene.height * scale
    parts = "\n".join(_image(part) if isinstance(part, Image) else _area(part) for part in scene.parts)
    text = f"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 {points} {-int(-high // 1)}
%%HiResBoundingBox: 0 0 {points} {number(high)}
%%LanguageLevel: 3
%%Title: ({_escaped(scene.title)})
%%Pages: 1
%%EndComments
%%Page: 1 1
gsave
{_PROLOG}
0 {number(high)} translate {scale:.6f} {-scale:.6f} scale
{parts}
grestore
showpage
%%EOF
"""
    return text.encode("ascii")


def _escaped(title: str) -> str:
    plain = title.encode("ascii", "replace").decode()
    return "".join(f"\\{char}" if char in "()\\" else char for char in plain if char.isprintable())


def _outlined(path: Path) -> str:
    return f"newpath\n{outline(path, _OPERATORS)}"


def _area(area: Area) -> str:
    if isinstance(area.paint, tuple):
        return f"{rgb(area.paint)} setrgbcolor\n{_outlined(area.path)}\nfill"
    return f"gsave\n{_outlined(area.path)}\nclip\n{_wrapped(shading(area.paint))} shfill\ngrestore"


def _wrapped(text: str) -> str:
    """Wrap lines: PostScript allows at most 255 characters."""
    return "\n".join(textwrap.wrap(text.replace("/", " /"), 200, break_long_words=False, break_on_hyphens=False))


def _image(image: Image) -> str:
    """Draw an image on the colour behind it: PostScript has no translucent pixels."""
    with Pillow.open(io.BytesIO(image.png)) as opened:
        picture = opened.convert("RGBA")
    ground = Pillow.new("RGBA", picture.size, (*image.behind, 255))
    pixels = Pillow.alpha_composite(ground, picture).convert("RGB").tobytes()
    packed = base64.a85encode(zlib.compress(pixels, 9), wrapcol=100).decode()
    # Programs that only read comments would take a line that begins with a percent sign for one.
    packed = "\n".join(f" {line}" if line.startswith("%") else line for line in packed.splitlines())
    width, height = picture.size
    return f"""gsave
{number(image.x)} {number(image.y)} translate {number(image.width)} {number(image.height)} scale
/DeviceRGB setcolorspace
<< /ImageType 1 /Width {width} /Height {height} /BitsPerComponent 8 /Decode [0 1 0 1 0 1] /Interpolate true
/ImageMatrix [{width} 0 0 {height} 0 0]
/DataSource currentfile /ASCII85Decode filter /FlateDecode filter >> image
{packed}~>
grestore"""
