"""What can go wrong in the domain. A dialect turns each into its own answer."""


class Refused(Exception):
    """The input is wrong, and always will be (400). `field` is the domain's name of what is wrong, `code` a
    word for programs, `message` a sentence for people."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.message = message


class Conflict(Exception):
    """The input is fine, but something is in its way (409)."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.message = message


class Missing(Exception):
    """There is no such thing in this workspace (404)."""


class Unavailable(Exception):
    """Redis did not answer, or not in time (503). A write may have happened all the same: what it began is
    finished or taken back by `codes.sweep`, and it can be repeated."""


class Unfit(Exception):
    """This Redis must not be used as the system of record. The text says why."""
