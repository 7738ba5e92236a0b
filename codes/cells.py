"""Texts of anybody's in tables that somebody opens with a spreadsheet."""

# A cell that begins so is calculated, by one spreadsheet or another; the wide ones by those of East Asia.
FORMULAS = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# What some of them pass over before they look.
_SPACES = " \u00a0\u3000"


def harmless(cell: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would calculate it: then all of them show it."""
    return f"'{cell}" if cell.lstrip(_SPACES).startswith(FORMULAS) else cell
