"""What can go wrong in this room. Each dialect turns these into its own answers."""

from typing import Literal


class Refused(Exception):
    """The input is invalid (400). `field` names what is wrong, `code` is for programs, `message` for people."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.message = message


class Conflict(Exception):
    """The input is valid, but conflicts with what is stored (409)."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.code = code
        self.message = message


class SlugTaken(Conflict):
    """The slug or alias belongs to another code, or only another workspace may take it again."""

    def __init__(self, field: str, slug: str) -> None:
        super().__init__(field, "slug_taken", f"the slug {slug!r} is taken")
        self.slug = slug


class NotInPlan(Exception):
    """The plan of the workspace does not allow this: a limit is reached (`limit`, 402), a feature is not in the plan
    (`feature`, 403), or a rate is exceeded (`rate`, 429, with the time to wait). The message is the plan's own text."""

    def __init__(
        self,
        kind: Literal["limit", "feature", "rate"],
        code: str,
        message: str,
        field: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s


class Stale(Exception):
    """What is to be changed has changed since the caller read it (412)."""


class Missing(Exception):
    """There is no such thing in this workspace (404)."""


class Unavailable(Exception):
    """Redis did not answer in time (503). A write may have happened all the same: `codes.sweep` finishes or reverts
    what it began, and it can be repeated."""


class UnfitRedis(Exception):
    """This Redis cannot be the system of record; the text says why."""
