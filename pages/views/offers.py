"""Views of events, coupons, apps and landing pages."""

from pages import address, links
from pages.content_fields import ContentFields
from pages.dates import Moment, moment, span, zone
from pages.view_model import Button, Row, View, buttons, rows

_CURRENCIES = {"usd": "$", "eur": "€", "gbp": "£"}


def times(fields: ContentFields) -> tuple[Moment | None, Moment | None]:
    """Parse the start and end of an event; None for a time that cannot be parsed."""
    where = zone(fields.text("timezone", "time_zone", longest=64))
    start = moment(fields.text("start_date", "startDate", "start", longest=64), where)
    end = moment(fields.text("end_date", "endDate", "end", longest=64), where)
    return start, end


def event(fields: ContentFields, download: str) -> View:
    start, end = times(fields)
    zoned = fields.text("timezone", "time_zone", longest=64)
    said = " – ".join(filter(None, [fields.text("start_date", "startDate"), fields.text("end_date", "endDate")]))
    when = span(start, end) if start else said
    if start and start.at and zoned:
        when += f"\n{zoned.replace('_', ' ')}"
    where = address.line(fields.raw("location"))
    name = fields.text("event_name", "name", "title")
    href = links.any_link(fields.text("rsvp_url", "rsvpUrl", longest=2_048))
    return View(
        title=name or "Event",
        subtitle=fields.text("organizer"),
        text=fields.lines("description"),
        buttons=buttons(
            Button("RSVP", href, "out"),
            Button("Add to calendar", download if start else "", "date"),
        ),
        rows=rows(
            Row("date", "When", when),
            Row("map", "Where", where, links.any_link(where) or links.search_map(where)),
        ),
    )


def discount(fields: ContentFields) -> str:
    """Format a discount: `20% off`, `$5 off`, or the owner's text."""
    value = fields.text("discountValue", "discount_value", longest=64)
    kind = fields.text("discountType", "discount_type", longest=32).lower()
    if not value:
        return ""
    if not value.replace(".", "").replace(",", "").isdigit():
        return value
    if kind.startswith("percent") or kind == "%":
        return f"{value}% off"
    sign = _CURRENCIES.get(fields.text("currency", longest=8).lower(), "")
    return f"{sign}{value} off" if kind in ("", "fixed", "amount", "fixed_amount", "flat") else f"{value} {kind}"


def coupon(fields: ContentFields) -> View:
    ends = fields.text("expiryDate", "expiry_date", "validUntil", "valid_until", longest=64)
    until = moment(ends)
    href = links.any_link(fields.text("redeemUrl", "redeem_url", "buttonUrl", "website", longest=2_048))
    return View(
        title=fields.text("title") or "Coupon",
        kicker=fields.text("business_name", "businessName", "company"),
        badge=discount(fields),
        text=fields.lines("description"),
        code=fields.text("code", longest=64),
        buttons=buttons(Button(fields.text("buttonText") or "Redeem", href, "out", own=not fields.text("buttonText"))),
        rows=rows(Row("clock", "Valid until", until.spoken if until else ends)),
        note=fields.lines("terms"),
    )


def apps(fields: ContentFields) -> View:
    name = fields.text("appName", "app_name") or "App"
    return View(
        title=name,
        subtitle=fields.text("tagline"),
        monogram=name[:1].upper(),
        text=fields.lines("description"),
        links=buttons(
            Button("App Store", links.web(fields.text("appStoreUrl", longest=2_048)), "down", "iPhone and iPad"),
            Button("Google Play", links.web(fields.text("playStoreUrl", longest=2_048)), "down", "Android"),
            Button("Website", links.web(fields.text("website", longest=2_048)), "web"),
        ),
    )


def landing_page(fields: ContentFields) -> View:
    label = fields.text("buttonText", longest=100)
    return View(
        title=fields.text("title") or "Welcome",
        subtitle=fields.text("subtitle"),
        text=fields.lines("description", "body", "text"),
        buttons=buttons(
            Button(label or "Go on", links.any_link(fields.text("buttonUrl", longest=2_048)), "out", own=not label)
        ),
    )
