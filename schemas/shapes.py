"""What the owner of a code may put into its page: one struct for each shape, with its bounds.

Field names are those of Qravio's `content` (`reference`); a field without a default is required. Fields that no
document names are kept as they are, so what a struct leaves out is not refused. `schemas.content` does the checking.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

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
