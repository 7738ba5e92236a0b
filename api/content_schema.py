"""`content` in the OpenAPI document: the field that each type of code reads, its schema and an example."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api import json_schema
from schemas import page_content

NAME = "Content"
# Routes accept any object; `schemas.page_content` validates it by the code's type.
Content = Annotated[dict[str, Any], Meta(extra_json_schema=json_schema.reference(NAME))]

_FILE = {
    "file_id": "b3d1f9d2-5a43-4d0a-9c4e-2f4f4ce5a001",
    "file_path": "/f/b3d1f9d2/menu.pdf",
    "file_name": "menu.pdf",
    "content_type": "application/pdf",
    "size_bytes": 48213,
}
# For each field of `content`.
EXAMPLES: dict[str, Any] = {
    "url": "https://example.com/spring",
    "text": "Opens at nine",
    "phone": "+44 20 7946 0018",
    "geoContent": {"latitude": 51.4545, "longitude": -2.5879, "label": "Quay Street"},
    "emailContent": {"email": "hello@example.com", "subject": "Menu", "body": "Please send me the menu."},
    "smsContent": {"number": "+442079460018", "message": "JOIN"},
    "whatsAppContent": {"number": "+442079460018", "message": "Hello"},
    "wifiContent": {"network_name": "Guests", "encryption": "WPA", "password": "welcome-in", "hidden": False},
    "bitcoinContent": {"address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "amount": "0.002", "label": "Tips"},
    "paypalContent": {"username": "example", "amount": "5", "note": "Tips"},
    "vCardContent": {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone": "+44 20 7946 0018",
        "email": "ada@example.com",
        "company": "Analytical Engines",
    },
    "businessContent": {
        "business_name": "Café Mirador",
        "phone": "+351 21 555 0147",
        "address": "Rua do Alecrim 21",
        "business_hours": {"monday": "closed", "tuesday": "8:00–18:00"},
    },
    "socialMediaContent": {"profileName": "Tilda Berg", "instagram": "@tildaberg", "website": "https://example.com"},
    "eventContent": {
        "event_name": "Open studio night",
        "start_date": "2027-03-13T18:30:00",
        "timezone": "Europe/London",
        "location": "14 Quay Street, Bristol",
        "rsvp_url": "https://example.com/open",
    },
    "couponContent": {
        "title": "Your second cake is on us",
        "discountType": "percentage",
        "discountValue": 20,
        "code": "MIRADOR20",
        "terms": "One per table.",
    },
    "appContent": {
        "appName": "Tidewatch",
        "appStoreUrl": "https://apps.apple.com/app/id000000001",
        "playStoreUrl": "https://play.google.com/store/apps/details?id=example.tidewatch",
    },
    "landingPageContent": {
        "title": "The allotment newsletter",
        "subtitle": "From seed to soup",
        "buttonText": "Read the latest",
        "buttonUrl": "https://example.com/latest",
    },
    "fileContent": _FILE,
    "imagesContent": [{**_FILE, "file_name": "cake.png", "content_type": "image/png"}],
    "listOfLinkContent": {
        "profile_name": "Marek & Ola",
        "bio": "We film slow trains.",
        "links": [{"id": "1", "title": "All 41 episodes", "url": "https://example.com/all"}],
    },
}


def components() -> dict[str, Any]:
    """Name → schema: `Content`, and what its fields hold."""
    inner = dict(page_content.SHAPES.values())
    schemas, found = msgspec.json.schema_components(list(inner.values()), ref_template=json_schema.TEMPLATE)
    properties = {}
    for (field, shape), schema in zip(inner.items(), schemas, strict=True):
        types = " or ".join(f"`{type}`" for type, (name, _) in page_content.SHAPES.items() if name == field)
        says = f"What a code of the type {types} needs."
        if isinstance(shape, type):
            found[shape.__name__] |= {"description": says, "examples": [EXAMPLES[field]]}
            properties[field] = schema
        else:
            properties[field] = {**schema, "description": says, "examples": [EXAMPLES[field]]}
    found[NAME] = {
        "type": "object",
        "description": "Each type of code reads one of these fields, and needs it; fields that no type knows are kept.",
        "properties": properties,
        "additionalProperties": True,
    }
    return {name: json_schema.complete(schema) for name, schema in found.items()}
