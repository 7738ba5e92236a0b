"""Content type → the text in its symbol. Types that only a page can show (`coupon`, `pdf`, …) have none: their codes
are dynamic, and the symbol holds the short link."""

from collections.abc import Callable, Mapping
from typing import Any

from qr.errors import Refused
from qr.payload import contacts, events, uris
from qr.payload.fields import Fields

# Type → the field of `content` that it reads, and the function that writes its text.
_WRITERS: dict[str, tuple[str, Callable[[Fields], str]]] = {
    "url": ("url", uris.url),
    "website": ("url", uris.url),
    "text": ("text", uris.plain),
    "phone": ("phone", uris.phone),
    "geo": ("geoContent", uris.geo),
    "email": ("emailContent", uris.email),
    "sms": ("smsContent", uris.sms),
    "whatsapp": ("whatsAppContent", uris.whatsapp),
    "wifi": ("wifiContent", uris.wifi),
    "bitcoin": ("bitcoinContent", uris.bitcoin),
    "paypal": ("paypalContent", uris.paypal),
    "vcard": ("vCardContent", contacts.vcard),
    "vcard_plus": ("vCardContent", contacts.vcard),
    "mecard": ("vCardContent", contacts.mecard),
    "event": ("eventContent", events.event),
}
TYPES = frozenset(_WRITERS)


def text(type: str, content: Any) -> str:
    """Return the text for a scanner. `content` is the object that `schemas.page_content` has checked; fields that a
    symbol cannot express (hours, themes) are left out. Raises Refused for a type without a text, and for values that
    would change their meaning."""
    if type not in _WRITERS:
        raise Refused("type", f"has no text for a symbol to hold; those that have: {', '.join(sorted(TYPES))}")
    name, write = _WRITERS[type]
    if not isinstance(content, Mapping):
        raise Refused("content", "must be an object")
    if content.get(name) is None:
        raise Refused(f"content.{name}", f"is missing; a code of type {type} needs it")
    inner = content[name]
    # If a type's content is a single text, read it like an object with that field.
    fields = Fields(inner, f"content.{name}") if isinstance(inner, Mapping) else Fields({name: inner}, "content")
    return write(fields)
