"""Texts of anybody's in tables that somebody opens with a spreadsheet."""

import re

# A cell that begins so is calculated, by one spreadsheet or another; the wide ones by those of East Asia.
FORMULAS = "=+\\-@|%＝＋－＠"
# What some of them pass over before they look: quotes, spaces of every kind, what has no width (a byte order mark is
# one), and what is not shown at all.
_PASSED = (
    r'"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff'
)
_calculated = re.compile(
    # The whole cell; and what a spreadsheet that parts columns by semicolons or tabs makes a cell of its own. Such a
    # one sees no quotes around a text that begins in the middle of its cell, so a new line is a new row to it.
    rf"\A(?=[{_PASSED}]*[{FORMULAS}\t\r\n])|(?<=[;\t\r\n])(?=[{_PASSED}]*[{FORMULAS}])"
)


def escape_formulas(cell: str) -> str:
    """The text, with an apostrophe wherever a spreadsheet would begin to calculate it: then all of them show it."""
    return _calculated.sub("'", cell)
