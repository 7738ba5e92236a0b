"""What the pages of the demonstration say, by type."""

from typing import Any

Content = dict[str, Any]


def cafe(name: str, phone: str, address: str) -> Content:
    hours = {"monday": "closed", "tuesday": "8:00–18:00", "saturday": "9:00–23:00"}
    return {
        "businessContent": {
            "business_name": name,
            "tagline": "Coffee and cake, roasted next door",
            "phone": phone,
            "email": "hello@example.com",
            "address": address,
            "business_hours": hours,
        }
    }


WIFI: Content = {
    "wifiContent": {"network_name": "Mirador guests", "encryption": "WPA", "password": "one-more-flat-white"}
}
COUPON: Content = {
    "couponContent": {
        "title": "Your second cake is on us",
        "discountType": "percentage",
        "discountValue": 50,
        "code": "SECONDCAKE",
        "redeemUrl": "https://example.com/order",
        "terms": "One per table. Not with other offers.",
    }
}
CHEF: Content = {
    "vCardContent": {
        "first_name": "Inês",
        "last_name": "Duarte",
        "job_title": "Wholesale",
        "company": "Mirador Roasters",
        "phone": "+44 20 7946 0146",
        "email": "ines@example.com",
        "website": "https://example.com/wholesale",
        "note": "Beans for offices, hotels and the odd lighthouse.",
    }
}
LINKS: Content = {
    "listOfLinkContent": {
        "profile_name": "Mirador Roasters",
        "bio": "Small batches, three cafés, one owl.",
        "links": [
            {"id": "1", "title": "This month's coffees", "url": "https://example.com/coffee"},
            {"id": "2", "title": "Book a table", "url": "https://example.com/tables"},
            {"id": "3", "title": "Latte art for beginners", "url": "https://example.com/workshops"},
            {"id": "4", "title": "Write to us", "url": "mailto:hello@example.com"},
        ],
    }
}
SOCIAL: Content = {
    "socialMediaContent": {
        "profileName": "Mirador Roasters",
        "bio": "What we roast, drink and drop.",
        "website": "https://example.com",
    }
}
APP: Content = {
    "appContent": {
        "appName": "Mirador",
        "description": "Order ahead, and collect a stamp for every cup.",
        "appStoreUrl": "https://example.com/app/ios",
        "playStoreUrl": "https://example.com/app/android",
    }
}
LANDING: Content = {
    "landingPageContent": {
        "title": "The owl is back",
        "subtitle": "Our winter blend, in bags of 250 and 1,000 g",
        "buttonText": "Taste it",
        "buttonUrl": "https://example.com/winter",
    }
}
TOUR: Content = {
    "eventContent": {
        "event_name": "An evening at the roastery",
        "organizer": "Mirador Roasters",
        "location": "Unit 4, Arch Lane, London",
        "rsvp_url": "https://example.com/tour",
        "description": "We roast, you taste. Bring a jumper: the door stays open.",
    }
}
PRICES: Content = {
    "fileContent": {
        "file_id": "price-list",
        "file_path": "https://example.com/files/price-list.pdf",
        "file_name": "price-list.pdf",
        "content_type": "application/pdf",
        "size_bytes": 412_334,
        "title": "Wholesale price list",
    }
}
MANUAL: Content = {
    "fileContent": {
        "file_id": "grinder-manual",
        "file_path": "https://example.com/files/grinder.pdf",
        "file_name": "grinder.pdf",
        "content_type": "application/pdf",
        "size_bytes": 1_841_204,
        "title": "The grinder, from unpacking to cleaning",
    }
}
NOTICE: Content = {"text": "The machine on the second floor is being descaled.\nCoffee is at the bar until 11:00."}
BOOKING: Content = {"whatsAppContent": {"number": "+44 20 7946 0147", "message": "Hello! A table for two, please."}}
FEEDBACK: Content = {
    "emailContent": {"email": "hello@example.com", "subject": "My visit", "body": "What I liked:\nWhat I did not:"}
}
WAITER: Content = {"smsContent": {"number": "+44 20 7946 0148", "message": "Table 4 would like to pay"}}
PHONE: Content = {"phone": "+44 20 7946 0149"}
WHERE: Content = {"geoContent": {"latitude": 51.5072, "longitude": -0.0756, "label": "Mirador, Arch Lane"}}
