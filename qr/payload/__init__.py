"""What is written into a symbol, for each type of content that a phone understands by itself."""

from qr.payload.texts import TYPES, text

__all__ = ["TYPES", "text"]
