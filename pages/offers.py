"""Pages that invite: events, coupons, apps, landing pages."""

from pages import address, links
from pages.moments import Moment, moment, span, zone
from pages.reading import Given
from pages.view import Button, Row, View, buttons, rows

_CURRENCIES = {"usd": "$", "eur": "€", "gbp": "£"}


def times(given: Given) -> tuple[Moment | None, Moment | None]:
    """When an event starts and ends, as far as that can be understood."""
    where = zone(given.text("timezone", "time_zone", longest=64))
    start = moment(given.text("start_date", "startDate", "start", longest=64), where)
    end = moment(given.text("end_date", "endDate", "end", longest=64), where)
    return start, end


def event(given: Given, download: str) -> View:
    start, end = times(given)
    zoned = given.text("timezone", "time_zone", longest=64)
    said = " – ".join(filter(None, [given.text("start_date", "startDate"), given.text("end_date", "endDate")]))
    when = span(start, end) if start else said
    if start and start.at and zoned:
        when += f"\n{zoned.replace('_', ' ')}"
    place = address.line(given.raw("location"))
    name = given.text("event_name", "name", "title")
    href = links.any_link(given.text("rsvp_url", "rsvpUrl", longest=2_048))
    return View(
        title=name or "Event",
        subtitle=given.text("organizer"),
        text=given.lines("description"),
        buttons=buttons(
            Button("RSVP", href, "out"),
            Button("Add to calendar", download if start else "", "date"),
        ),
        rows=rows(
            Row("date", "When", when),
            Row("map", "Where", place, links.any_link(place) or links.search_map(place)),
        ),
    )


def discount(given: Given) -> str:
    """`20% off`, `$5 off`, or what the owner says."""
    value = given.text("discountValue", "discount_value", longest=64)
    kind = given.text("discountType", "discount_type", longest=32).lower()
    if not value:
        return ""
    if not value.replace(".", "").replace(",", "").isdigit():
        return value
    if kind.startswith("percent") or kind == "%":
        return f"{value}% off"
    sign = _CURRENCIES.get(given.text("currency", longest=8).lower(), "")
    return f"{sign}{value} off" if kind in ("", "fixed", "amount", "fixed_amount", "flat") else f"{value} {kind}"


def coupon(given: Given) -> View:
    ends = given.text("expiryDate", "expiry_date", "validUntil", "valid_until", longest=64)
    until = moment(ends)
    href = links.any_link(given.text("redeemUrl", "redeem_url", "buttonUrl", "website", longest=2_048))
    return View(
        title=given.text("title") or "Coupon",
        kicker=given.text("business_name", "businessName", "company"),
        badge=discount(given),
        text=given.lines("description"),
        code=given.text("code", longest=64),
        buttons=buttons(Button(given.text("buttonText") or "Redeem", href, "out", own=not given.text("buttonText"))),
        rows=rows(Row("clock", "Valid until", until.spoken if until else ends)),
        note=given.lines("terms"),
    )


def apps(given: Given) -> View:
    name = given.text("appName", "app_name") or "App"
    return View(
        title=name,
        subtitle=given.text("tagline"),
        monogram=name[:1].upper(),
        text=given.lines("description"),
        links=buttons(
            Button("App Store", links.web(given.text("appStoreUrl", longest=2_048)), "down", "iPhone and iPad"),
            Button("Google Play", links.web(given.text("playStoreUrl", longest=2_048)), "down", "Android"),
            Button("Website", links.web(given.text("website", longest=2_048)), "web"),
        ),
    )


def landing_page(given: Given) -> View:
    label = given.text("buttonText", longest=100)
    return View(
        title=given.text("title") or "Welcome",
        subtitle=given.text("subtitle"),
        text=given.lines("description", "body", "text"),
        buttons=buttons(
            Button(label or "Go on", links.any_link(given.text("buttonUrl", longest=2_048)), "out", own=not label)
        ),
    )
