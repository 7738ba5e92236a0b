"""Whether `content` is what a code of its type needs. `codes` asks before it keeps anything; a page relies on no more
than that this was asked, and takes whatever it gets.
"""

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from schemas import shapes

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8

# Type → the field of `content` that it reads, and the shape of that.
SHAPES: dict[str, tuple[str, Any]] = {
    "website": ("url", Annotated[str, Meta(min_length=1, max_length=2_048)]),
    "url": ("url", Annotated[str, Meta(min_length=1, max_length=2_048)]),
    "text": ("text", Annotated[str, Meta(min_length=1, max_length=10_000)]),
    "phone": ("phone", shapes.Number),
    "geo": ("geoContent", shapes.GeoContent),
    "email": ("emailContent", shapes.EmailContent),
    "sms": ("smsContent", shapes.SmsContent),
    "whatsapp": ("whatsAppContent", shapes.WhatsAppContent),
    "wifi": ("wifiContent", shapes.WifiContent),
    "bitcoin": ("bitcoinContent", shapes.BitcoinContent),
    "paypal": ("paypalContent", shapes.PaypalContent),
    "vcard": ("vCardContent", shapes.VCardContent),
    "vcard_plus": ("vCardContent", shapes.VCardContent),
    "business": ("businessContent", shapes.BusinessContent),
    "social_media": ("socialMediaContent", shapes.SocialMediaContent),
    "event": ("eventContent", shapes.EventContent),
    "coupon": ("couponContent", shapes.CouponContent),
    "apps": ("appContent", shapes.AppContent),
    "landing_page": ("landingPageContent", shapes.LandingPageContent),
    "pdf": ("fileContent", shapes.FileContent),
    "video": ("fileContent", shapes.FileContent),
    "mp3": ("fileContent", shapes.FileContent),
    "images": ("imagesContent", Annotated[list[shapes.FileContent], Meta(min_length=1, max_length=50)]),
    "list_links": ("listOfLinkContent", shapes.ListOfLinkContent),
}
TYPES = frozenset(SHAPES)
# These redirect; every other type shows a page.
LINKS = frozenset({"website", "url"})

# What the files of a type must say that they are.
_MEDIA = {
    "pdf": re.compile(r"application/pdf"),
    "video": re.compile(r"video/[\w.+-]+"),
    "mp3": re.compile(r"audio/[\w.+-]+"),
    "images": re.compile(r"image/(?!svg)[\w.+-]+"),
}
_KINDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "null": "null"}
_KINDS |= {"array": "a list", "object": "an object"}
# Text may have lines, but nothing else that cannot be seen and no half characters.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_AT = re.compile(r" - at `\$(?P<inside>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_GOT = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<sent>[^`]+)`")
_LENGTH = re.compile(r"of length (?P<sign><=|>=) (?P<bound>\d+)")
_RANGE = re.compile(r"`(?:int|float)` (?P<sign><=|>=) (?P<bound>\S+)")


class BadContent(ValueError):
    """`field` is where, from `content` on: `content.vCardContent.first_name`; `message` is a sentence without it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field
        self.message = message


def check(type: str, content: object) -> dict[str, Any]:
    """The same content, fit to be kept and shown: everything its type needs is there, within bounds. Fields that no
    type knows are kept. A `website`'s address is only bounded here: it is a destination, and checked as such.
    Raises BadContent."""
    if type not in SHAPES:
        raise BadContent("type", f"must be one of: {', '.join(sorted(SHAPES))}")
    if not isinstance(content, dict):
        raise BadContent("content", "must be an object")
    _plain(content, "content", 0)
    name, shape = SHAPES[type]
    if content.get(name) is None:
        raise BadContent(f"content.{name}", f"is missing; a code of type {type} needs it")
    try:
        found = msgspec.convert(content[name], shape)
    except msgspec.ValidationError as error:
        raise _explain(str(error), f"content.{name}") from None
    if type in _MEDIA:
        _check_media(type, found, f"content.{name}")
    if len(msgspec.json.encode(content)) > MAX_BYTES:
        raise BadContent("content", f"must have at most {MAX_BYTES // 1024} KB")
    return content


def inner(type: str, content: dict[str, Any]) -> Any:
    """The one field of a checked content that a page of this type shows."""
    return content[SHAPES[type][0]]


def _check_media(type: str, found: Any, field: str) -> None:
    many = isinstance(found, list)
    for index, file in enumerate(found if many else [found]):
        if not _MEDIA[type].fullmatch(file.content_type.lower()):
            at = f"{field}[{index}]" if many else field
            raise BadContent(f"{at}.content_type", f"is not that of a file which a code of type {type} can show")


def _plain(value: object, field: str, depth: int) -> None:
    """JSON that can be written, of text that can be seen."""
    if depth > MAX_DEPTH:
        raise BadContent(field, f"is nested more than {MAX_DEPTH} deep")
    if isinstance(value, str):
        if _UNSEEN.search(value):
            raise BadContent(field, "must not hold control characters or halves of characters")
    elif isinstance(value, dict):
        for name, part in value.items():
            if not isinstance(name, str) or _UNSEEN.search(name):
                raise BadContent(field, "has a name that is no text")
            _plain(part, f"{field}.{name[:64]}", depth + 1)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            _plain(part, f"{field}[{index}]", depth + 1)
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise BadContent(field, "must be a number")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise BadContent(field, "is a number too large to keep")
    elif value is not None:
        raise BadContent(field, "must be plain JSON")


def _explain(text: str, field: str) -> BadContent:
    if place := _AT.search(text):
        field += place["inside"]
        text = text[: place.start()]
    if missing := _MISSING.search(text):
        return BadContent(f"{field}.{missing['name']}", "is missing")
    for pattern, meaning in shapes.MEANINGS.items():
        if repr(pattern) in text:
            return BadContent(field, f"must be {meaning}")
    if length := _LENGTH.search(text):
        if length["bound"] == "1" and length["sign"] == ">=":
            return BadContent(field, "must not be empty")
        unit = "entries" if "`array`" in text else "characters"
        most = "at most" if length["sign"] == "<=" else "at least"
        return BadContent(field, f"must have {most} {int(length['bound']):,} {unit}")
    if bound := _RANGE.search(text):
        most = "at most" if bound["sign"] == "<=" else "at least"
        return BadContent(field, f"must be {most} {bound['bound'].rstrip('.').removesuffix('.0')}")
    if got := _GOT.search(text):
        wanted = " or ".join(_KINDS.get(kind, kind) for kind in got["wanted"].split(" | "))
        return BadContent(field, f"must be {wanted}, not {_KINDS.get(got['sent'], got['sent'])}")
    return BadContent(field, "is not what it should be")
