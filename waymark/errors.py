"""Errors that the user has to put right."""


class UserError(RuntimeError):
    """Shown as its message alone, without a traceback."""
