"""Contacts and calendars are lines of `NAME:value`: what a value may hold, and how long a line may be."""

_WIDTH = 75


def escaped(text: str) -> str:
    """A value as RFC 2426 and RFC 5545 write it, so that it cannot end its line or its part of one."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def folded(lines: list[str]) -> bytes:
    """The lines with their ends, those above 75 bytes continued on the next, never within a character."""
    written: list[bytes] = []
    for line in lines:
        piece, width = "", 0
        for char in line:
            wide = len(char.encode())
            if width + wide > _WIDTH:
                written.append(piece.encode())
                piece, width = " ", 1
            piece, width = piece + char, width + wide
        written.append(piece.encode())
    return b"\r\n".join(written) + b"\r\n"
