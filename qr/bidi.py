"""The Unicode bidirectional algorithm (UAX 9) for one line of plain text: the drawing order of its letters.

It omits explicit formatting characters and controls, which captions refuse. `tests/qr/test_bidi.py` runs Unicode's
BidiCharacterTest; decision 1106 says why this is not a dependency.
"""

import unicodedata
from itertools import groupby

# Closing brackets that are not the next character of Unicode after their opening ones.
_APART = {"[": "]", "{": "}", "\uff3b": "\uff3d", "\uff5b": "\uff5d", "\u298d": "\u2990", "\u298f": "\u298e"}
# The maximum depth of nested brackets (BD16).
_DEEPEST = 63
_STRONG = {"L": "L", "R": "R", "AN": "R", "EN": "R"}


def runs(text: str) -> list[tuple[str, bool]]:
    """Split a line into runs in drawing order, left to right; the flag marks runs that are read from right to left.
    The letters of a run are in reading order."""
    if not text:
        return []
    all_levels = levels(text, base_level(text))
    found = [
        (level, [at for at, _ in group]) for level, group in groupby(enumerate(all_levels), key=lambda entry: entry[1])
    ]
    # From the highest level down to the lowest odd one, runs at or above it are reversed (L2).
    for limit in range(max(all_levels), 0, -1):
        turned: list[tuple[int, list[int]]] = []
        for run in found:
            # In front of the other runs of its group.
            above = run[0] >= limit
            at = len(turned)
            while above and at and turned[at - 1][0] >= limit:
                at -= 1
            turned.insert(at, run)
        found = turned
    return [("".join(text[at] for at in positions), level % 2 == 1) for level, positions in found]


def base_level(text: str) -> int:
    """Return 1 for a line that begins right to left, by its first strong letter (P2, P3)."""
    kinds = map(unicodedata.bidirectional, text)
    return next((int(kind in ("R", "AL")) for kind in kinds if kind in ("L", "R", "AL")), 0)


def levels(text: str, base: int) -> list[int]:
    """Return the embedding level of each character; odd ones are read from right to left."""
    kinds = [unicodedata.bidirectional(char) or "L" for char in text]
    outer = "R" if base else "L"
    kinds = _neutrals(text, _weak(kinds, outer), outer)
    odd_up = {"L": 1, "R": 0, "AN": 1, "EN": 1}
    even_up = {"L": 0, "R": 1, "AN": 2, "EN": 2}
    return [base + (odd_up if base else even_up)[kind] for kind in kinds]


def _weak(kinds: list[str], outer: str) -> list[str]:
    """Resolve numbers with their signs and separators (W1 to W7)."""
    found: list[str] = []
    for kind in kinds:
        found.append((found[-1] if found else outer) if kind == "NSM" else kind)
    strong = outer
    for at, kind in enumerate(found):
        if kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":
            found[at] = "AN"
    found = ["R" if kind == "AL" else kind for kind in found]
    for at in range(1, len(found) - 1):
        before, after = found[at - 1], found[at + 1]
        if before == after and (
            (found[at] in ("ES", "CS") and before == "EN") or (found[at] == "CS" and before == "AN")
        ):
            found[at] = before
    at = 0
    for kind, group in groupby(list(found)):
        length = len(list(group))
        beside = {found[at - 1] if at else outer, found[at + length] if at + length < len(found) else outer}
        if kind == "ET" and "EN" in beside:
            found[at : at + length] = ["EN"] * length
        at += length
    found = ["ON" if kind in ("ES", "ET", "CS", "BN", "B", "S", "WS") else kind for kind in found]
    strong = outer
    for at, kind in enumerate(found):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            found[at] = "L"
    return [kind if kind in ("L", "R", "EN", "AN") else "ON" for kind in found]


def _neutrals(text: str, kinds: list[str], outer: str) -> list[str]:
    """Give brackets the direction of the enclosed text, other neutrals that of their neighbours (N0 to N2)."""
    kinds = list(kinds)
    for start, end in sorted(_bracket_pairs(text)):
        within = {_STRONG[kind] for kind in kinds[start + 1 : end] if kind in _STRONG}
        if not within:
            continue
        before = next((_STRONG[kind] for kind in reversed(kinds[:start]) if kind in _STRONG), outer)
        side = outer if outer in within or before == outer else before
        for at in (start, end):
            kinds[at] = side
            # Marks on a bracket take its direction.
            while at + 1 < len(text) and unicodedata.bidirectional(text[at + 1]) == "NSM":
                at += 1
                kinds[at] = side
    at = 0
    for kind, group in groupby(list(kinds)):
        length = len(list(group))
        if kind == "ON":
            before = _STRONG[kinds[at - 1]] if at else outer
            after = _STRONG[kinds[at + length]] if at + length < len(kinds) else outer
            kinds[at : at + length] = [before if before == after else outer] * length
        at += length
    return kinds


def _bracket_pairs(text: str) -> list[tuple[int, int]]:
    """Return the positions of matching brackets (BD16)."""
    stack: list[tuple[str, int]] = []
    found = []
    for at, char in enumerate(unicodedata.normalize("NFD", one) for one in text):
        if closing := _closing(char):
            if len(stack) == _DEEPEST:
                break
            stack.append((closing, at))
        for depth in range(len(stack) - 1, -1, -1):
            if stack[depth][0] == char:
                found.append((stack[depth][1], at))
                del stack[depth:]
                break
    return found


def _closing(char: str) -> str:
    """Return the closing bracket of an opening one, else "": nearly all are the next character of Unicode."""
    if len(char) != 1 or unicodedata.category(char) != "Ps" or not unicodedata.mirrored(char):
        return ""
    return _APART.get(char, chr(ord(char) + 1))
