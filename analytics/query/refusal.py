"""The error for a question that cannot be answered."""


class Refused(Exception):
    """`field` is the one to change, as in `filters[1][2]`; the message says how."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class TooLarge(Refused):
    """Understood, but it would cost more than the workspace may spend on one question."""
