"""Scenes as a PDF. Written by hand: it takes a dozen objects, and two calls give the same bytes."""

import io
import zlib
from collections.abc import Sequence
from itertools import pairwise

import msgspec
from PIL import Image as Pillow

from qr.paths import Path
from qr.scene import Colour, Image, Linear, Paint, Radial, Scene, Stop
from qr.svg import number

_OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h"}


class _Objects:
    """The objects of a PDF, numbered from 1."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def add(self, body: bytes) -> int:
        self.bodies.append(body)
        return len(self.bodies)

    def stream(self, dictionary: str, content: bytes) -> int:
        packed = zlib.compress(content, 9)
        head = f"<<{dictionary}/Filter/FlateDecode/Length {len(packed)}>>\nstream\n".encode()
        return self.add(head + packed + b"\nendstream")


class Placed(msgspec.Struct, frozen=True):
    """A scene on a page: where its upper left corner is, and what a unit of it measures. All in points, y downwards."""

    scene: Scene
    x: float
    y: float
    scale: float


def pdf(scene: Scene, points: int) -> bytes:
    """Write a scene as PDF, `points` wide."""
    scale = points / scene.width
    return document([[Placed(scene, 0, 0, scale)]], (points, scene.height * scale), scene.title)


def document(pages: Sequence[Sequence[Placed]], size: tuple[float, float], title: str) -> bytes:
    """Write pages of one size, in points."""
    objects = _Objects()
    images: dict[bytes, int] = {}
    made = [_content(page, size[1], objects, images) for page in pages]
    parent = len(objects.bodies) + len(made) + 1
    head = f"/Type/Page/Parent {parent} 0 R/MediaBox[0 0 {_numbers(*size)}]"
    kids = [objects.add(f"<<{head}/Resources<<{used}>>/Contents {content} 0 R>>".encode()) for content, used in made]
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    all_pages = objects.add(f"<</Type/Pages/Kids[{listed}]/Count {len(kids)}>>".encode())
    catalog = objects.add(f"<</Type/Catalog/Pages {all_pages} 0 R>>".encode())
    info = objects.add(f"<</Title<feff{title.encode('utf-16-be').hex()}>>>".encode())
    return _file(objects.bodies, catalog, info)


def _content(page: Sequence[Placed], high: float, objects: _Objects, images: dict[bytes, int]) -> tuple[int, str]:
    """Write what a page shows; return the object of it, and the resources that it uses. A picture that several scenes
    share is written once."""
    patterns: list[int] = []
    used: dict[int, None] = {}
    drawn: list[str] = []
    for placed in page:
        # y grows downwards in a scene and upwards on a page.
        upright = (placed.scale, 0.0, 0.0, -placed.scale, placed.x, high - placed.y)
        drawn.append(f"q {_numbers(*upright)} cm")
        for part in placed.scene.parts:
            if isinstance(part, Image):
                if part.png not in images:
                    images[part.png] = _image(part, objects)
                used[images[part.png]] = None
                # An image fills the unit square, where y grows upwards again.
                place = _numbers(part.width, 0, 0, -part.height, part.x, part.y + part.height)
                drawn.append(f"q {place} cm /I{images[part.png]} Do Q")
            else:
                drawn += [_fill(part.paint, upright, objects, patterns), outline(part.path, _OPERATORS), "f"]
        drawn.append("Q")
    content = objects.stream("", "\n".join(drawn).encode())
    resources = "/Pattern<<" + "".join(f"/P{at} {each} 0 R" for at, each in enumerate(patterns)) + ">>"
    resources += "/XObject<<" + "".join(f"/I{each} {each} 0 R" for each in used) + ">>"
    return content, resources


def _file(bodies: list[bytes], catalog: int, title: int) -> bytes:
    written = io.BytesIO()
    # The second line tells file transfer programs that the file is binary.
    written.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for at, body in enumerate(bodies, 1):
        places.append(written.tell())
        written.write(b"%d 0 obj\n%b\nendobj\n" % (at, body))
    table = written.tell()
    written.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1))
    for place in places:
        written.write(b"%010d 00000 n \n" % place)
    written.write(b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R>>\n" % (len(bodies) + 1, catalog, title))
    written.write(b"startxref\n%d\n%%%%EOF\n" % table)
    return written.getvalue()


def outline(path: Path, operators: dict[str, str]) -> str:
    return "\n".join(" ".join([*map(number, where), operators[name]]) for name, where in path)


def _numbers(*values: float) -> str:
    return " ".join(f"{value:.5f}".rstrip("0").rstrip(".") or "0" for value in values)


def rgb(colour: Colour) -> str:
    return _numbers(*(part / 255 for part in colour))


def _fill(paint: Paint, matrix: tuple[float, ...], objects: _Objects, patterns: list[int]) -> str:
    if isinstance(paint, tuple):
        return f"{rgb(paint)} rg"
    # A pattern has the page's coordinates, and ignores transformations before its use.
    pattern = f"<</Type/Pattern/PatternType 2/Matrix[{_numbers(*matrix)}]/Shading{shading(paint)}>>"
    patterns.append(objects.add(pattern.encode()))
    return f"/Pattern cs /P{len(patterns) - 1} scn"


def shading(paint: Linear | Radial) -> str:
    """Write a shading, in the syntax that PDF and PostScript share."""
    where: tuple[float, ...]
    if isinstance(paint, Linear):
        kind, where = 2, (paint.x1, paint.y1, paint.x2, paint.y2)
    else:
        kind, where = 3, (paint.x, paint.y, 0, paint.x, paint.y, paint.radius)
    return (
        f"<</ShadingType {kind}/ColorSpace/DeviceRGB/Coords[{_numbers(*where)}]/Extend[true true]"
        f"/Function{_function(paint.stops)}>>"
    )


def _function(stops: tuple[Stop, ...]) -> str:
    """Write a function from 0 to 1 through the colours, with one function for each pair."""
    pairs = [
        f"<</FunctionType 2/Domain[0 1]/N 1/C0[{rgb(one.colour)}]/C1[{rgb(other.colour)}]>>"
        for one, other in pairwise(stops)
    ]
    bounds = _numbers(*(stop.at for stop in stops[1:-1]))
    return f"<</FunctionType 3/Domain[0 1]/Functions[{''.join(pairs)}]/Bounds[{bounds}]/Encode[{'0 1 ' * len(pairs)}]>>"


def _image(image: Image, objects: _Objects) -> int:
    with Pillow.open(io.BytesIO(image.png)) as opened:
        picture = opened.convert("RGBA")
    size = f"/Type/XObject/Subtype/Image/Width {picture.width}/Height {picture.height}/BitsPerComponent 8"
    mask = objects.stream(f"{size}/ColorSpace/DeviceGray", picture.getchannel("A").tobytes())
    return objects.stream(f"{size}/ColorSpace/DeviceRGB/SMask {mask} 0 R", picture.convert("RGB").tobytes())
