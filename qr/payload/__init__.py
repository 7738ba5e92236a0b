"""Payloads: the text in a symbol, for each content type that a phone understands by itself."""

from qr.payload.registry import TYPES, text

__all__ = ["TYPES", "text"]
