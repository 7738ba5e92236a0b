"""The order of letters in a caption, held against Unicode's own conformance test.

`bidi_cases.txt.gz` is a sample of BidiCharacterTest.txt: 3,100 of its 91,600 cases without controls. The whole file
comes with the Unicode character database (Debian: `unicode-data`):

    python -m tests.qr.test_bidi /usr/share/unicode/BidiCharacterTest.txt
"""

import gzip
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from qr import bidi

SAMPLE = Path(__file__).with_name("bidi_cases.txt.gz")
# A caption may hold none of these.
CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN", "B", "S"}


def check(lines: Iterable[str]) -> tuple[int, list[str]]:
    """Return how many cases there were, and those that failed."""
    count, wrong = 0, []
    for line in lines:
        case = line.partition("#")[0].strip()
        if not case:
            continue
        points, direction, base, levels, order = case.split(";")
        text = "".join(chr(int(point, 16)) for point in points.split())
        if not CONTROLS.isdisjoint(map(unicodedata.bidirectional, text)):
            continue
        count += 1
        ok = bidi.levels(text, int(base)) == [int(level) for level in levels.split()]
        if direction == "2" or bidi.base_level(text) == int(base):
            ok = ok and drawn(text) == [text[int(at)] for at in order.split()]
        if direction == "2":
            ok = ok and bidi.base_level(text) == int(base)
        if not ok:
            wrong.append(case)
    return count, wrong


def drawn(text: str) -> list[str]:
    """The letters from left to right."""
    return [char for part, leftwards in bidi.runs(text) for char in (reversed(part) if leftwards else part)]


def test_unicodes_own_cases() -> None:
    with gzip.open(SAMPLE, "rt", encoding="ascii") as file:
        count, wrong = check(file)
    assert count > 2_500
    assert wrong == []


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as whole:
        found, failed = check(whole)
    print(f"{found - len(failed):,} of {found:,} cases", *failed[:10], sep="\n")
    sys.exit(bool(failed))
