"""Why there is no picture. Both are errors of the caller."""


class Refused(Exception):
    """Invalid input. `field` says where (`style.logo`, `content.wifiContent.password`, `data`), `message` says why,
    for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Unreadable(Refused):
    """It could be drawn, but would not scan."""
