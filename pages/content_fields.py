"""Read the owner's content defensively: any value comes out as text of bounded length, or empty."""

import re
from typing import Any

SHORT = 255
LONG = 4_000

# Control characters but for line ends; and lone surrogates, which cannot be encoded.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\ufeff]")


def text(value: object, longest: int = SHORT) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, float):
        value = f"{value:.8f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else ""
    if isinstance(value, int):
        value = str(value) if abs(value) < 10**18 else ""
    if not isinstance(value, str):
        return ""
    # Twice the limit is enough to tell that it is too long; do not scan megabytes.
    clean = _UNSEEN.sub("", value[: longest * 2].replace("\r\n", "\n").replace("\t", " ")).strip()
    return clean if len(clean) <= longest else clean[: longest - 1].rstrip() + "…"


class ContentFields:
    """The fields of one object of the content. Anything but an object reads as an empty one."""

    def __init__(self, value: object) -> None:
        self._value: dict[str, Any] = value if isinstance(value, dict) else {}

    def text(self, *names: str, longest: int = SHORT) -> str:
        """The first non-empty field of these, on one line."""
        return " ".join(self.lines(*names, longest=longest).split())

    def lines(self, *names: str, longest: int = LONG) -> str:
        """As `text`, with line breaks kept."""
        return next((found for name in names if (found := text(self._value.get(name), longest))), "")

    def raw(self, name: str) -> Any:
        return self._value.get(name)

    def objects(self, name: str, most: int) -> list["ContentFields"]:
        found = self._value.get(name)
        return [ContentFields(one) for one in found[:most]] if isinstance(found, list) else []
