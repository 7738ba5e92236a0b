"""Render the content page of a code that is not a link, by its type."""

import re
from collections.abc import Callable
from urllib.parse import quote

import msgspec

from pages.contact_files import ical, vcard
from pages.content_fields import ContentFields, text
from pages.page import Page, answer, document
from pages.theme import theme
from pages.view_model import ICONS, View
from pages.views import media, offers, people, plain

# This query on a page's address downloads its contact or its event. The download is not a scan.
DOWNLOAD = "download=1"
_HREF = f"?{DOWNLOAD}"
_FILE_RULES = "default-src 'none'; sandbox"
_language = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


class Type(msgspec.Struct, frozen=True):
    """The field of `content` that a type reads (see `schemas.page_content`), and the view it makes of it."""

    field: str
    view: Callable[[object], View]


def _of(view: Callable[[ContentFields], View]) -> Callable[[object], View]:
    return lambda said: view(ContentFields(said))


def _contact(said: object) -> View:
    return people.contact(ContentFields(said), _HREF)


def _images(said: object) -> View:
    listed = said if isinstance(said, list) else []
    return media.images([ContentFields(one) for one in listed[: media.MOST_IMAGES]])


TYPES: dict[str, Type] = {
    "text": Type("text", plain.words),
    "phone": Type("phone", plain.phone),
    "geo": Type("geoContent", _of(plain.geo)),
    "email": Type("emailContent", _of(plain.email)),
    "sms": Type("smsContent", _of(plain.sms)),
    "whatsapp": Type("whatsAppContent", _of(plain.whatsapp)),
    "wifi": Type("wifiContent", _of(plain.wifi)),
    "bitcoin": Type("bitcoinContent", _of(plain.bitcoin)),
    "paypal": Type("paypalContent", _of(plain.paypal)),
    "vcard": Type("vCardContent", _contact),
    "vcard_plus": Type("vCardContent", _contact),
    "business": Type("businessContent", _of(people.business)),
    "social_media": Type("socialMediaContent", _of(people.social_media)),
    "list_links": Type("listOfLinkContent", _of(people.list_links)),
    "event": Type("eventContent", lambda said: offers.event(ContentFields(said), _HREF)),
    "coupon": Type("couponContent", _of(offers.coupon)),
    "apps": Type("appContent", _of(offers.apps)),
    "landing_page": Type("landingPageContent", _of(offers.landing_page)),
    "pdf": Type("fileContent", _of(media.document)),
    "video": Type("fileContent", lambda said: media.playable(ContentFields(said), "video")),
    "mp3": Type("fileContent", lambda said: media.playable(ContentFields(said), "audio")),
    "images": Type("imagesContent", _images),
}
_NOTHING = View(title="Nothing to show", text="This page is of a kind that cannot be shown.")


def render(type: str, data: object, design: object = None, *, language: str = "en") -> Page:
    """Render the page of a type. Never raises for any `data` and `design`: it drops unknown values and cuts long
    ones. `language` is the content's language, unless the design names one."""
    known = TYPES.get(type)
    said = _field(known.field, data) if known else None
    view = known.view(said) if known else _NOTHING
    look = theme(design, ContentFields(said).raw("theme"))
    spoken = ContentFields(design).text("language", longest=35) or language
    return document(
        "content.html",
        sheets=("base.css", "page.css"),
        language=spoken if _language.fullmatch(spoken) else "en",
        theme=look.css,
        media=bool(view.media),
        layout=look.layout,
        title=view.title,
        view=view,
        icons=ICONS,
    )


def download(type: str, data: object, *, now_ms: int) -> Page | None:
    """Return the contact (.vcf) or event (.ics) that this type offers, or None."""
    known = TYPES.get(type)
    if known is None:
        return None
    fields = ContentFields(_field(known.field, data))
    if type in ("vcard", "vcard_plus"):
        name = f"{fields.text('first_name')} {fields.text('last_name')}"
        return _file(vcard(fields), b"text/vcard; charset=utf-8", name, "contact", "vcf")
    if type == "event" and (body := ical(fields, now_ms=now_ms)) is not None:
        return _file(body, b"text/calendar; charset=utf-8", fields.text("event_name"), "event", "ics")
    return None


def _field(name: str, data: object) -> object:
    """Return the field from `data`, which is the whole content or already this field."""
    return data[name] if isinstance(data, dict) and name in data else data


def _file(body: bytes, content_type: bytes, name: str, otherwise: str, suffix: str) -> Page:
    """Serve a file `inline`, so that a phone opens the contact or the event instead of listing a download; browsers
    that cannot open it save it under this name."""
    name = re.sub(r"[^\w .-]", "", text(name, 80)).strip(" .") or otherwise
    plain_name = name if name.isascii() else otherwise
    disposition = f"inline; filename=\"{plain_name}.{suffix}\"; filename*=UTF-8''{quote(name)}.{suffix}"
    return answer(body, content_type, _FILE_RULES, (b"content-disposition", disposition.encode()))
