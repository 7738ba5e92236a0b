"""A scene as SVG."""

from base64 import b64encode
from html import escape

from qr.colours import written
from qr.paths import Path
from qr.scene import Area, Image, Linear, Paint, Radial, Scene, Stop


def number(value: float) -> str:
    """Format a number as short as possible, to a thousandth of a module."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def svg(scene: Scene, pixels: int) -> str:
    """Write a scene as SVG, `pixels` wide by default; it scales to any size."""
    defs: list[str] = []
    shown = [_image(part) if isinstance(part, Image) else _area(part, defs) for part in scene.parts]
    wide, high = number(scene.width), number(scene.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{scene.pixels_high(pixels)}" '
        f'viewBox="0 0 {wide} {high}" role="img"><title>{escape(scene.title)}</title>'
    )
    return head + (f"<defs>{''.join(defs)}</defs>" if defs else "") + "".join(shown) + "</svg>"


def _area(area: Area, defs: list[str]) -> str:
    crisp = ' shape-rendering="crispEdges"' if area.crisp else ""
    return f'<path fill="{_fill(area.paint, defs)}"{crisp} d="{_d(area.path)}"/>'


def _d(path: Path) -> str:
    written_: list[str] = []
    x = y = None
    for name, where in path:
        if name == "Z":
            written_.append("Z")
            continue
        to_x, to_y = number(where[-2]), number(where[-1])
        if name == "L" and to_y == y:
            written_.append(f"H{to_x}")
        elif name == "L" and to_x == x:
            written_.append(f"V{to_y}")
        else:
            written_.append(name + " ".join(map(number, where)))
        x, y = to_x, to_y
    return "".join(written_)


def _fill(paint: Paint, defs: list[str]) -> str:
    if isinstance(paint, tuple):
        return written(paint)
    defs.append(_gradient(paint, f"g{len(defs)}"))
    return f"url(#g{len(defs) - 1})"


def _gradient(paint: Linear | Radial, name: str) -> str:
    if isinstance(paint, Linear):
        kind = "linearGradient"
        where = f'x1="{number(paint.x1)}" y1="{number(paint.y1)}" x2="{number(paint.x2)}" y2="{number(paint.y2)}"'
    else:
        kind = "radialGradient"
        where = f'cx="{number(paint.x)}" cy="{number(paint.y)}" r="{number(paint.radius)}"'
    stops = "".join(map(_stop, paint.stops))
    return f'<{kind} id="{name}" gradientUnits="userSpaceOnUse" {where}>{stops}</{kind}>'


def _stop(stop: Stop) -> str:
    return f'<stop offset="{number(stop.at)}" stop-color="{written(stop.colour)}"/>'


def _image(image: Image) -> str:
    where = f'x="{number(image.x)}" y="{number(image.y)}" width="{number(image.width)}" height="{number(image.height)}"'
    return f'<image {where} href="data:image/png;base64,{b64encode(image.png).decode()}"/>'
