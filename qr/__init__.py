"""QR codes: payloads, symbols, and pictures that are checked to scan."""

from qr.render import FORMATS, draw

__all__ = ["FORMATS", "draw"]
