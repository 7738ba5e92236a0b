"""Content that means harm: what `codes` would refuse, as if it had got through all the same."""

import itertools
from collections.abc import Iterator
from typing import Any

from pages.content import TYPES
from schemas.page_content import SHAPES
from tests.pages.samples import SAMPLES

SCRIPT = "window.pwned=1;alert(1)"
MARKUP = (
    f"\"'></a></title></style></textarea><script>{SCRIPT}</script><img src=x onerror={SCRIPT}><svg onload={SCRIPT}>"
)
ATTRIBUTE = f'x" autofocus onfocus="{SCRIPT}" style="color:red" onpointerover="{SCRIPT}" y="'
TEMPLATE = "{{ 7*7 }}{% raw %}${7*7}<%= 7*7 %>"
SCHEMES = [
    f"javascript:{SCRIPT}",
    f"JaVaScRiPt:{SCRIPT}",
    f" javascript:{SCRIPT}",
    f"\x01javascript:{SCRIPT}",
    f"java\nscript:{SCRIPT}",
    f"java&#x73;cript:{SCRIPT}",
    f"vbscript:{SCRIPT}",
    f"data:text/html,<script>{SCRIPT}</script>",
    f"javascript://example.com/%0A{SCRIPT}",
    f'https://example.com/"onclick="{SCRIPT}',
    f"https://example.com/';{SCRIPT}//",
    "//evil.example/x",
    "\\\\evil.example\\x",
    "/f/../../etc/passwd",
    f'/f/x/y"onerror="{SCRIPT}',
]
BIO = MARKUP + "x" * 5_000_000
DESIGN: dict[str, Any] = {
    "background": f"red;}}</style><script>{SCRIPT}</script>",
    "accent": f"#fff;background:url(https://evil.example/?{SCRIPT})",
    "text": "expression(alert(1))",
    "font": f'x"}}</style><script>{SCRIPT}</script>',
    "layout": f'card" onclick="{SCRIPT}',
    "language": f'en" onload="{SCRIPT}',
    "theme": MARKUP,
}


ROTATIONS = 3


def everywhere(value: Any, text: str) -> Any:
    """The same shape, with `text` as every text of it."""
    if isinstance(value, dict):
        return {name: everywhere(part, text) for name, part in value.items()}
    if isinstance(value, list):
        return [everywhere(part, text) for part in value]
    return text if isinstance(value, str) else value


def contents() -> dict[str, tuple[str, Any]]:
    """Name → type and content: of each type, all its fields, with each kind of harm in every one of them."""
    made = {}
    for type in TYPES:
        full = _full(type)
        for number, harm in enumerate([MARKUP, ATTRIBUTE, TEMPLATE, *SCHEMES]):
            made[f"{type}-{number}"] = (type, everywhere(full, harm))
        made[f"{type}-huge"] = (type, everywhere(full, BIO))
    return made


def mixed() -> dict[str, tuple[str, Any]]:
    """Fewer of them, for a browser: the schemes take turns from field to field."""
    made = {name: one for name, one in contents().items() if name.endswith(("-0", "-1", "-2", "-huge"))}
    for type in TYPES:
        for turn in range(ROTATIONS):
            made[f"{type}-turn{turn}"] = (type, in_turn(_full(type), itertools.cycle(SCHEMES[turn:] + SCHEMES[:turn])))
    return made


def in_turn(value: Any, harms: Iterator[str]) -> Any:
    if isinstance(value, dict):
        return {name: in_turn(part, harms) for name, part in value.items()}
    if isinstance(value, list):
        return [in_turn(part, harms) for part in value]
    return next(harms) if isinstance(value, str) else value


def _full(type: str) -> Any:
    """A content with everything that the type's shape knows, taken as text."""
    sample = next((one.content for one in SAMPLES.values() if one.type == type), None) or {SHAPES[type][0]: {}}
    name, shape = SHAPES[type]
    fields = getattr(shape, "__struct_fields__", ())
    inner = sample.get(name)
    return {name: {**dict.fromkeys(fields, ""), **inner}} if isinstance(inner, dict) else sample
