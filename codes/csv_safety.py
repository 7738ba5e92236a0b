"""Escape cells of CSV files, so that no spreadsheet calculates what a user wrote."""

import re

# One spreadsheet or another calculates cells that begin like this; East Asian ones the wide characters.
FORMULAS = "=+\\-@|%＝＋－＠"
# Some skip these first: quotes, spaces of every kind, zero-width characters (the byte order mark is one), controls.
_PASSED = (
    r'"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff'
)
_calculated = re.compile(
    # The whole cell; and what a spreadsheet that parts columns by semicolons or tabs makes a cell of its own. Such a
    # one sees no quotes around a text that begins in the middle of its cell, so a new line is a new row to it.
    rf"\A(?=[{_PASSED}]*[{FORMULAS}\t\r\n])|(?<=[;\t\r\n])(?=[{_PASSED}]*[{FORMULAS}])"
)


def escape_formulas(cell: str) -> str:
    """Put an apostrophe wherever a spreadsheet would begin to calculate: then all of them show the text."""
    return _calculated.sub("'", cell)


# The same for the warehouse, which writes large files itself. RE2 has no look-around, so what comes after the start of
# a cell is replaced first; that changes nothing before it.
_CLASS = re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", _PASSED)
_INSIDE = rf"([;\t\r\n])([{_CLASS}]*[{FORMULAS}])"
_WITH_APOSTROPHE = r"\1'\2"
_START = rf"\A[{_CLASS}]*[{FORMULAS}\t\r\n]"


def escape_formulas_sql(text: str) -> str:
    """The expression that escapes a text as `escape_formulas` does."""
    inside = f"replaceRegexpAll({text}, {_quoted(_INSIDE)}, {_quoted(_WITH_APOSTROPHE)})"
    return f"if(match({text}, {_quoted(_START)}), concat({_quoted(chr(39))}, {inside}), {inside})"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
