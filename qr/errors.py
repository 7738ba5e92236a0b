"""Errors for input that gives no picture."""


class Refused(Exception):
    """Invalid input. `field` says where (`style.logo`, `content.wifiContent.password`, `data`), `message` says why,
    for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Unreadable(Refused):
    """The picture could be drawn, but would not scan."""
