"""In which order the letters of one line are seen: the Unicode bidirectional algorithm (UAX 9) for plain text, without
the characters that steer it, which a caption may not hold."""

import unicodedata
from itertools import groupby

_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">", "«": "»"}
_MIRRORS = {**_PAIRS, **{close: open_ for open_, close in _PAIRS.items()}}
_STRONG = {"L": "L", "R": "R", "AN": "R", "EN": "R"}


def runs(text: str) -> list[tuple[str, bool]]:
    """The stretches of `text` from left to right, each with whether it is read from right to left. The letters within
    a stretch are in the order in which they are read."""
    if not text:
        return []
    levels = _levels(text)
    found = [
        (level, [at for at, _ in group]) for level, group in groupby(enumerate(levels), key=lambda entry: entry[1])
    ]
    # From the highest level down to the lowest odd one, stretches at or above it change places (rule L2).
    for limit in range(max(levels), 0, -1):
        turned: list[tuple[int, list[int]]] = []
        for run in found:
            # Behind those of its own group, which are kept in front of one another as they come.
            above = run[0] >= limit
            at = len(turned)
            while above and at and turned[at - 1][0] >= limit:
                at -= 1
            turned.insert(at, run)
        found = turned
    return [("".join(text[at] for at in places), level % 2 == 1) for level, places in found]


def _levels(text: str) -> list[int]:
    kinds = [unicodedata.bidirectional(char) or "L" for char in text]
    base = next((int(kind in ("R", "AL")) for kind in kinds if kind in ("L", "R", "AL")), 0)
    outer = "R" if base else "L"
    kinds = _neutrals(text, _weak(kinds, outer), outer)
    odd_up = {"L": 1, "R": 0, "AN": 1, "EN": 1}
    even_up = {"L": 0, "R": 1, "AN": 2, "EN": 2}
    return [base + (odd_up if base else even_up)[kind] for kind in kinds]


def _weak(kinds: list[str], outer: str) -> list[str]:
    """Numbers and what belongs to them (rules W1 to W7)."""
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
    """Brackets take the direction of what they hold, other neutrals that of what is around them (N0 to N2)."""
    kinds = list(kinds)
    for start, end in sorted(_brackets(text)):
        within = {_STRONG[kind] for kind in kinds[start + 1 : end] if kind in _STRONG}
        if not within:
            continue
        before = next((_STRONG[kind] for kind in reversed(kinds[:start]) if kind in _STRONG), outer)
        side = outer if outer in within or before == outer else before
        kinds[start] = kinds[end] = side
    at = 0
    for kind, group in groupby(list(kinds)):
        length = len(list(group))
        if kind == "ON":
            before = _STRONG[kinds[at - 1]] if at else outer
            after = _STRONG[kinds[at + length]] if at + length < len(kinds) else outer
            kinds[at : at + length] = [before if before == after else outer] * length
        at += length
    return kinds


def _brackets(text: str) -> list[tuple[int, int]]:
    waiting: list[tuple[str, int]] = []
    found = []
    for at, char in enumerate(text):
        if char in "([{":
            waiting.append((_PAIRS[char], at))
        elif char in ")]}":
            for depth in range(len(waiting) - 1, -1, -1):
                if waiting[depth][0] == char:
                    found.append((waiting[depth][1], at))
                    del waiting[depth:]
                    break
    return found
