"""What can go wrong in the domain. A dialect turns each into its own answer."""

from typing import Literal


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


class SlugTaken(Conflict):
    """The slug, or an alias, is another code's, or only another workspace may take it again."""

    def __init__(self, field: str, slug: str) -> None:
        super().__init__(field, "slug_taken", f"the slug {slug!r} is taken")
        self.slug = slug


class NotInPlan(Exception):
    """The plan of the workspace does not allow this: a figure is reached (`limit`, 402), the plan has no such thing
    (`feature`, 403), or not so often (`rate`, 429, with when to try again). The message is the plan's own text."""

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
    """The code is no longer as the caller has seen it (412)."""


class Missing(Exception):
    """There is no such thing in this workspace (404)."""


class Unavailable(Exception):
    """Redis did not answer, or not in time (503). A write may have happened all the same: what it began is
    finished or taken back by `codes.sweep`, and it can be repeated."""


class UnfitRedis(Exception):
    """This Redis must not be used as the system of record. The text says why."""
