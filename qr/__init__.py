"""What a code looks like: payloads, symbols, and pictures of them that scan."""

from qr.drawing import FORMATS, draw

__all__ = ["FORMATS", "draw"]
