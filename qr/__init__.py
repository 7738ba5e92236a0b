"""QR codes: payloads, symbols, and pictures that are known to scan."""

from qr.render import FORMATS, draw

__all__ = ["FORMATS", "draw"]
