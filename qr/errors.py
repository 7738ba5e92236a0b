"""Why there is no picture. Both are the caller's to mend."""


class Refused(Exception):
    """The input cannot be taken. `field` is where (`style.logo`, `content.wifiContent.password`, `data`), `message` a
    sentence for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Unreadable(Refused):
    """It could be drawn, but a scanner would not read it."""
