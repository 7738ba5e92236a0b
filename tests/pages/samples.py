"""A believable page of each type, as the tests and the screenshots show it."""

import struct
import zlib
from typing import Any, NamedTuple


class Sample(NamedTuple):
    type: str
    content: dict[str, Any]
    design: dict[str, Any] | None = None


def file(name: str, content_type: str, size: int, **more: str) -> dict[str, Any]:
    return {
        "file_id": "b3d1f9d2-5a43-4d0a-9c4e-2f4f4ce5a001",
        "file_path": f"/f/{name}/{name}",
        "file_name": name,
        "content_type": content_type,
        "size_bytes": size,
        **more,
    }


SAMPLES: dict[str, Sample] = {
    "vcard_plus": Sample(
        "vcard_plus",
        {
            "vCardContent": {
                "first_name": "Amara",
                "last_name": "Okafor",
                "job_title": "Structural engineer",
                "company": "Northlight Studio",
                "phone": "+44 20 7946 0018",
                "email": "amara@northlight.example",
                "website": "https://northlight.example",
                "address": {
                    "street": "14 Quay Street",
                    "city": "Bristol",
                    "zip": "BS1 2JL",
                    "country": "United Kingdom",
                },
                "note": "Bridges, stairs, and the odd treehouse.",
            }
        },
        {"layout": "cover", "accent": "#0f5e5b"},
    ),
    "business": Sample(
        "business",
        {
            "businessContent": {
                "business_name": "Café Mirador",
                "tagline": "Coffee and cake above the harbour",
                "phone": "+351 21 555 0147",
                "email": "ola@mirador.example",
                "address": "Rua do Alecrim 21\n1200-014 Lisboa",
                "business_hours": {"monday": "closed", "tuesday": "8:00–18:00", "saturday": "9:00–23:00"},
                "theme": "sunset",
            }
        },
    ),
    "social_media": Sample(
        "social_media",
        {
            "socialMediaContent": {
                "profileName": "Tilda Berg",
                "bio": "Ceramics from Malmö.",
                "instagram": "@tildaberg",
                "facebook": "https://facebook.com/tildabergceramics",
                "twitter": "tildaberg",
                "youtube": "tildaberg",
                "website": "https://tildaberg.example",
            }
        },
        {"theme": "rose"},
    ),
    "event": Sample(
        "event",
        {
            "eventContent": {
                "event_name": "Open studio night",
                "organizer": "Northlight Studio",
                "start_date": "2027-03-13T18:30:00",
                "end_date": "2027-03-13T22:00:00",
                "timezone": "Europe/London",
                "location": "14 Quay Street, Bristol",
                "rsvp_url": "https://northlight.example/open",
                "description": "Models, drawings and mulled cider. Bring someone who likes bridges.",
            }
        },
        {"theme": "violet"},
    ),
    "coupon": Sample(
        "coupon",
        {
            "couponContent": {
                "title": "Your second cake is on us",
                "discountType": "percentage",
                "discountValue": 20,
                "code": "MIRADOR20",
                "expiryDate": "2027-06-30",
                "redeemUrl": "https://mirador.example/order",
                "terms": "One per table. Not with other offers.",
            }
        },
        {"theme": "sunset"},
    ),
    "apps": Sample(
        "apps",
        {
            "appContent": {
                "appName": "Tidewatch",
                "description": "High and low water for 4,000 harbours, without a signal.",
                "appStoreUrl": "https://apps.apple.com/app/id000000001",
                "playStoreUrl": "https://play.google.com/store/apps/details?id=example.tidewatch",
            }
        },
        {"theme": "ocean"},
    ),
    "landing_page": Sample(
        "landing_page",
        {
            "landingPageContent": {
                "title": "The allotment newsletter",
                "subtitle": "One letter a month, from seed to soup",
                "buttonText": "Read the latest",
                "buttonUrl": "https://allotment.example/latest",
                "theme": {"background": "#eef3ea", "accent": "#2f6b3a", "font": "serif"},
            }
        },
        {"layout": "plain"},
    ),
    "list_links": Sample(
        "list_links",
        {
            "listOfLinkContent": {
                "profile_name": "Marek & Ola",
                "bio": "We film slow trains.",
                "links": [
                    {"id": "1", "title": "The night train to Lviv", "url": "https://slowtrains.example/lviv"},
                    {"id": "2", "title": "All 41 episodes", "url": "https://slowtrains.example/all"},
                    {"id": "3", "title": "Timetable", "url": "slowtrains.example/timetable"},
                    {"id": "4", "title": "Write to us", "url": "mailto:hello@slowtrains.example"},
                ],
            }
        },
        {"background": "#14213d", "accent": "#fca311"},
    ),
    "images": Sample(
        "images",
        {
            "imagesContent": [
                file("dawn.png", "image/png", 4000, caption="Half past five"),
                file("noon.png", "image/png", 4000, caption="Noon"),
                file("dusk.png", "image/png", 4000),
            ]
        },
    ),
    "pdf": Sample("pdf", {"fileContent": file("summer_menu.pdf", "application/pdf", 1_841_204)}, {"theme": "forest"}),
    "video": Sample(
        "video", {"fileContent": file("quay.webm", "video/webm", 7_340_032, title="The quay, in one minute")}
    ),
    "mp3": Sample("mp3", {"fileContent": file("tide.mp3", "audio/mpeg", 2_936_012, title="Tide", artist="Tilda Berg")}),
    "text": Sample("text", {"text": "Gate 14 has moved to gate 3.\nWe board at 17:40."}),
    "email": Sample(
        "email", {"emailContent": {"email": "ola@mirador.example", "subject": "A table", "body": "For two,\nat eight?"}}
    ),
    "sms": Sample("sms", {"smsContent": {"number": "+351 91 555 0147", "message": "Table for two at 8?"}}),
    "whatsapp": Sample("whatsapp", {"whatsAppContent": {"number": "+351 91 555 0147", "message": "Olá!"}}),
    "wifi": Sample(
        "wifi", {"wifiContent": {"network_name": "Mirador guests", "encryption": "WPA", "password": "pastel-de-nata"}}
    ),
    "bitcoin": Sample(
        "bitcoin",
        {"bitcoinContent": {"address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "amount": 0.0005, "label": "Two coffees"}},
    ),
    "paypal": Sample("paypal", {"paypalContent": {"username": "miradorcafe", "amount": "7.50", "note": "Two coffees"}}),
    "phone": Sample("phone", {"phone": "+351 21 555 0147"}),
    "geo": Sample("geo", {"geoContent": {"latitude": 38.7105, "longitude": -9.1427, "label": "Café Mirador"}}),
    "vcard_arabic": Sample(
        "vcard",
        {
            "vCardContent": {
                "first_name": "ليلى",
                "last_name": "حداد",
                "company": "مكتبة المنارة",
                "phone": "+962 6 555 0147",
            }
        },
        {"language": "ar", "theme": "ocean"},
    ),
}


def picture(width: int, height: int, top: tuple[int, int, int], bottom: tuple[int, int, int]) -> bytes:
    """A PNG: one colour above that turns into another."""
    lines = bytearray()
    for row in range(height):
        share = row / height
        lines += b"\0" + bytes(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True)) * width

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(lines))) + chunk(b"IEND", b"")
    )


def silence(frames: int = 120) -> bytes:
    """An MP3 of three seconds in which nothing is heard: MPEG 1, layer III, 128 kbit/s, 44.1 kHz."""
    return (b"\xff\xfb\x90\x64" + bytes(413)) * frames


FILES: dict[str, bytes] = {
    "dawn.png": picture(480, 250, (40, 46, 92), (250, 176, 120)),
    "noon.png": picture(480, 250, (70, 150, 220), (200, 226, 240)),
    "dusk.png": picture(480, 250, (86, 52, 110), (236, 110, 90)),
    "tide.mp3": silence(),
}
