"""Landing-page content, by type: its shape and bounds (one struct each), and the check that `codes` runs before it
stores any. Pages rely on no more than that check, and render whatever they get.

Field names are those of Qravio's `content`; a field without a default is required. Unknown fields are kept as they are.
"""

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8

_HOST = r"[^\s/?#@\\:\"<>]+"
_REST = r"[^\s\"<>\\]*"
_URL = rf"[Hh][Tt][Tt][Pp][Ss]?://{_HOST}(?::[0-9]{{1,5}})?(?:[/?#]{_REST})?"
_WEB = rf"{_URL}|(?:[\w-]+\.)+[^\W\d_]{{2,24}}(?::[0-9]{{1,5}})?(?:[/?#]{_REST})?"
WEB = rf"^(?:{_WEB})?\Z"
LINK = rf"^(?:{_WEB}|(?:mailto|tel|sms|geo):[^\s\"<>\\]+)?\Z"
PROFILE = rf"^(?:{_WEB}|@?[\w.-][\w./-]*)?\Z"
FILE = rf"^(?:{_URL}|(?![A-Za-z][A-Za-z0-9+.-]*:|//)[^\s\"<>\\][^\x00-\x1f\"<>\\]*)\Z"
PHONE = r"^(?:[+0-9*#(][0-9 ()./*#,;extEXT+-]*)?\Z"
EMAIL = r"^(?:[^\s@<>\"]+@[^\s@<>\"]+)?\Z"
AMOUNT = r"^(?:[0-9]{1,12}(?:[.][0-9]{1,8})?)?\Z"
COIN = r"^[A-Za-z0-9]{14,100}\Z"

# What a text that does not match one of these should have been.
MEANINGS = {
    WEB: "an address that starts with http:// or https://",
    LINK: "an address that starts with http://, https://, mailto:, tel:, sms: or geo:",
    PROFILE: "a name, or an address that starts with http:// or https://",
    FILE: "the path of a file, or an address that starts with http:// or https://",
    PHONE: "a phone number",
    EMAIL: "an email address",
    AMOUNT: "an amount, as digits with a point",
    COIN: "a bitcoin address",
}

Name = Annotated[str, Meta(min_length=1, max_length=255)]
Short = Annotated[str, Meta(max_length=255)] | None
Long = Annotated[str, Meta(max_length=4_000)] | None
Web = Annotated[str, Meta(max_length=2_048, pattern=WEB)] | None
Link = Annotated[str, Meta(max_length=2_048, pattern=LINK)] | None
Profile = Annotated[str, Meta(max_length=2_048, pattern=PROFILE)] | None
Phone = Annotated[str, Meta(max_length=40, pattern=PHONE)] | None
Email = Annotated[str, Meta(max_length=254, pattern=EMAIL)] | None
Number = Annotated[str, Meta(min_length=2, max_length=40, pattern=PHONE)]
Amount = Annotated[float, Meta(ge=0, le=1e12)] | Annotated[str, Meta(pattern=AMOUNT)]
# A line of text, or an object with the parts of it.
Address = Annotated[str, Meta(max_length=1_000)] | dict[str, Any] | None
Theme = Annotated[str, Meta(max_length=64)] | dict[str, Any] | None


class EmailContent(Struct):
    email: Annotated[str, Meta(min_length=3, max_length=254, pattern=EMAIL)]
    subject: Short = None
    body: Long = None


class SmsContent(Struct):
    number: Number
    message: Annotated[str, Meta(max_length=4_000)]


class WhatsAppContent(Struct):
    number: Number
    message: Long = None


class WifiContent(Struct):
    network_name: Name
    encryption: Annotated[str, Meta(max_length=32)]
    password: Short = None
    hidden: bool | None = None


class BitcoinContent(Struct):
    address: Annotated[str, Meta(pattern=COIN)]
    amount: Amount
    label: Short = None
    message: Short = None


class PaypalContent(Struct):
    username: Name
    amount: Amount
    note: Short = None


class GeoContent(Struct):
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    label: Short = None


class VCardContent(Struct):
    first_name: Name
    last_name: Name
    phone: Phone = None
    mobile: Phone = None
    work_phone: Phone = None
    fax: Phone = None
    email: Email = None
    company: Short = None
    job_title: Short = None
    title: Short = None
    department: Short = None
    website: Web = None
    address: Address = None
    street: Short = None
    city: Short = None
    state: Short = None
    zip: Short = None
    country: Short = None
    note: Long = None
    bio: Long = None


class BusinessContent(Struct):
    business_name: Name
    tagline: Short = None
    description: Long = None
    phone: Phone = None
    email: Email = None
    website: Web = None
    address: Address = None
    business_hours: Any = None
    theme: Theme = None


class SocialMediaContent(Struct):
    profileName: Name
    bio: Long = None
    instagram: Profile = None
    facebook: Profile = None
    twitter: Profile = None
    linkedin: Profile = None
    youtube: Profile = None
    tiktok: Profile = None
    website: Web = None


class EventContent(Struct):
    event_name: Short = None
    description: Long = None
    start_date: Short = None
    end_date: Short = None
    timezone: Short = None
    location: Address = None
    organizer: Short = None
    rsvp_url: Link = None


class CouponContent(Struct):
    title: Name
    description: Long = None
    discountType: Short = None
    discountValue: float | Annotated[str, Meta(max_length=64)] | None = None
    code: Short = None
    terms: Long = None
    expiryDate: Short = None
    redeemUrl: Link = None


class AppContent(Struct):
    appName: Name
    description: Long = None
    appStoreUrl: Web = None
    playStoreUrl: Web = None
    website: Web = None


class LandingPageContent(Struct):
    title: Name
    subtitle: Short = None
    description: Long = None
    buttonText: Short = None
    buttonUrl: Link = None
    theme: Theme = None


class FileContent(Struct):
    file_id: Name
    file_path: Annotated[str, Meta(min_length=1, max_length=2_048, pattern=FILE)]
    file_name: Name
    content_type: Annotated[str, Meta(min_length=1, max_length=100)]
    size_bytes: Annotated[int, Meta(ge=0)]
    title: Short = None
    description: Long = None


class ListedLink(Struct):
    id: Name | int
    title: Name
    url: Annotated[str, Meta(min_length=1, max_length=2_048, pattern=LINK)]


class ListOfLinkContent(Struct):
    profile_name: Name
    bio: Long = None
    links: Annotated[list[ListedLink], Meta(max_length=100)] = []


# Type → the field of `content` that it reads, and the shape of that.
SHAPES: dict[str, tuple[str, Any]] = {
    "website": ("url", Annotated[str, Meta(min_length=1, max_length=2_048)]),
    "url": ("url", Annotated[str, Meta(min_length=1, max_length=2_048)]),
    "text": ("text", Annotated[str, Meta(min_length=1, max_length=10_000)]),
    "phone": ("phone", Number),
    "geo": ("geoContent", GeoContent),
    "email": ("emailContent", EmailContent),
    "sms": ("smsContent", SmsContent),
    "whatsapp": ("whatsAppContent", WhatsAppContent),
    "wifi": ("wifiContent", WifiContent),
    "bitcoin": ("bitcoinContent", BitcoinContent),
    "paypal": ("paypalContent", PaypalContent),
    "vcard": ("vCardContent", VCardContent),
    "vcard_plus": ("vCardContent", VCardContent),
    "business": ("businessContent", BusinessContent),
    "social_media": ("socialMediaContent", SocialMediaContent),
    "event": ("eventContent", EventContent),
    "coupon": ("couponContent", CouponContent),
    "apps": ("appContent", AppContent),
    "landing_page": ("landingPageContent", LandingPageContent),
    "pdf": ("fileContent", FileContent),
    "video": ("fileContent", FileContent),
    "mp3": ("fileContent", FileContent),
    "images": ("imagesContent", Annotated[list[FileContent], Meta(min_length=1, max_length=50)]),
    "list_links": ("listOfLinkContent", ListOfLinkContent),
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
    for pattern, meaning in MEANINGS.items():
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
