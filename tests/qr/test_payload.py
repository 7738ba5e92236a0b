"""What is written into a symbol: read back by the rules of each format, whatever was put in."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings

from qr.errors import Refused
from qr.payload import TYPES, text
from schemas.page_content import TYPES as KNOWN
from tests.qr.contents import CONTENTS

Given = dict[str, Any]

some = settings(max_examples=40)


def parts(line: str, marks: str = ";", newline: bool = False) -> list[str]:
    """At each of `marks` that is not escaped, without the escapes."""
    found, part, escaped = [], "", False
    for char in line:
        if escaped:
            part, escaped = part + ("\n" if char == "n" and newline else char), False
        elif char == "\\":
            escaped = True
        elif char in marks:
            found.append(part)
            part = ""
        else:
            part += char
    return [*found, part]


def value(line: str) -> str:
    """Of a line of a contact or a calendar, as one text."""
    (found,) = parts(line, "", newline=True)
    return found


def lines(payload: str) -> dict[str, str]:
    """Name (without parameters) → what comes after it."""
    found: dict[str, str] = {}
    for each in payload.split("\r\n"):
        name, colon, rest = each.partition(":")
        assert colon, f"a line without a name: {each!r}"
        found.setdefault(name.partition(";")[0], rest)
    return found


def asked(address: str) -> dict[str, str]:
    query = urlsplit(address).query
    return {
        name: values[0] for name, values in parse_qs(query, keep_blank_values=True, strict_parsing=bool(query)).items()
    }


def said(given: Given, *names: str) -> dict[str, str]:
    return {name: given[name] for name in names if given.get(name)}


def test_every_type_that_a_phone_understands_has_a_text() -> None:
    assert TYPES - {"mecard"} == KNOWN - {
        *("business", "social_media", "coupon", "apps", "landing_page", "pdf", "video", "mp3", "images", "list_links"),
    }
    assert CONTENTS.keys() == TYPES


@some
@given(CONTENTS["wifi"])
def test_wifi(content: Given) -> None:
    asked = content["wifiContent"]
    payload = text("wifi", content)
    assert payload.startswith("WIFI:") and payload.endswith(";;")
    found = dict(part.split(":", 1) for part in parts(payload[5:-2]))
    assert found["S"] == asked["network_name"]
    assert found["P"] == asked["password"]
    assert found["T"] == ("WEP" if asked["encryption"] == "WEP" else "WPA")
    assert found.get("H") == ("true" if asked.get("hidden") else None)


def test_an_open_network_has_no_password() -> None:
    wifi = {"network_name": "Café; free", "encryption": "none", "password": "old"}
    assert text("wifi", {"wifiContent": wifi}) == "WIFI:T:nopass;S:Café\\; free;;"


@pytest.mark.parametrize(
    ("encryption", "password", "field"),
    [("WPA2", None, "password"), ("WPA2-EAP", "x", "encryption"), ("rot13", "x", "encryption")],
)
def test_a_network_that_no_phone_could_join_is_refused(encryption: str, password: str | None, field: str) -> None:
    with pytest.raises(Refused) as refused:
        text("wifi", {"wifiContent": {"network_name": "n", "encryption": encryption, "password": password}})
    assert refused.value.field == f"content.wifiContent.{field}"


@some
@given(CONTENTS["vcard"])
@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_vcard(version: str, content: Given) -> None:
    asked = content["vCardContent"]
    found = lines(text("vcard", {"vCardContent": {**asked, "version": version}}))
    assert (found["BEGIN"], found["VERSION"], found["END"]) == ("VCARD", version, "VCARD")
    assert parts(found["N"], newline=True)[:2] == [asked["last_name"], asked["first_name"]]
    assert value(found["FN"]) == f"{asked['first_name']} {asked['last_name']}"
    for name, field in (("TITLE", "job_title"), ("EMAIL", "email"), ("NOTE", "note")):
        assert (value(found[name]) if name in found else None) == asked.get(field)
    assert found.get("URL") == asked.get("website")
    assert found.get("TEL") == (asked.get("phone") or asked.get("mobile"))
    if "company" in asked or "department" in asked:
        there = [asked.get("company", ""), asked["department"]] if "department" in asked else [asked["company"]]
        assert parts(found["ORG"], newline=True) == there
    if asked.keys() & {"street", "city", "country"}:
        address = [asked.get(name, "") for name in ("street", "city", "state", "zip", "country")]
        assert parts(found["ADR"], newline=True) == ["", "", *address]


@some
@given(CONTENTS["mecard"])
def test_mecard(content: Given) -> None:
    asked = content["vCardContent"]
    payload = text("mecard", content)
    assert payload.startswith("MECARD:") and payload.endswith(";;")
    fields: dict[str, str] = {}
    for part in _escaped_parts(payload[7:-2]):
        name, _, rest = part.partition(":")
        fields.setdefault(name, rest)
    assert [*parts(fields["N"], ",")] == [asked["last_name"], asked["first_name"]]
    for name, field in (("EMAIL", "email"), ("ORG", "company"), ("URL", "website")):
        assert (parts(fields[name], "") if name in fields else [None]) == [asked.get(field)]


def _escaped_parts(line: str) -> list[str]:
    """At each semicolon that is not escaped, with the escapes left in."""
    found, part, escaped = [], "", False
    for char in line:
        if char == ";" and not escaped:
            found.append(part)
            part = ""
            continue
        escaped = char == "\\" and not escaped
        part += char
    return [*found, part]


@some
@given(CONTENTS["event"])
def test_event(content: Given) -> None:
    asked = content["eventContent"]
    found = lines(text("event", content))
    assert text("event", content).startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n")
    assert text("event", content).endswith("\r\nEND:VEVENT\r\nEND:VCALENDAR")
    start = datetime.fromisoformat(asked["start_date"])
    assert datetime.strptime(found["DTSTART"].rjust(15, "0"), "%Y%m%dT%H%M%S") == start  # noqa: DTZ007
    for name, field in (("SUMMARY", "event_name"), ("LOCATION", "location"), ("DESCRIPTION", "description")):
        assert (value(found[name]) if name in found else None) == asked.get(field)
    assert found.get("URL") == asked.get("rsvp_url")


def test_events_of_days_and_zones() -> None:
    def event(**fields: str) -> dict[str, str]:
        payload = text("event", {"eventContent": {"event_name": "E", **fields}})
        return {line.split(":")[0]: line.split(":")[1] for line in payload.split("\r\n")}

    days = event(start_date="2026-03-14", end_date="2026-03-15")
    # The end is the day after the last.
    assert (days["DTSTART;VALUE=DATE"], days["DTEND;VALUE=DATE"]) == ("20260314", "20260316")
    assert event(start_date="2026-07-01T20:00", timezone="Europe/Berlin")["DTSTART"] == "20260701T180000Z"
    assert event(start_date="2026-07-01T20:00:00+02:00")["DTSTART"] == "20260701T180000Z"
    assert event(start_date="2026-07-01T20:00")["DTSTART"] == "20260701T200000"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "start_date"),
        ({"start_date": "next week"}, "start_date"),
        ({"start_date": "2026-03-14T10:00", "timezone": "Mars/Base"}, "start_date"),
        ({"start_date": "2026-03-14", "end_date": "2026-03-14T10:00"}, "end_date"),
    ],
)
def test_an_event_that_no_calendar_could_place_is_refused(fields: Given, field: str) -> None:
    with pytest.raises(Refused) as refused:
        text("event", {"eventContent": {"event_name": "E", **fields}})
    assert refused.value.field == f"content.eventContent.{field}"


@some
@given(CONTENTS["email"])
def test_email(content: Given) -> None:
    given = content["emailContent"]
    payload = text("email", content)
    assert payload.startswith("mailto:")
    assert unquote(urlsplit(payload).path) == given["email"]
    found = asked(payload)
    assert found.pop("body", None) == (given["body"].replace("\n", "\r\n") if "body" in given else None)
    assert found == said(given, "subject")
    assert "+" not in payload.partition("?")[2]


@some
@given(CONTENTS["sms"])
def test_sms(content: Given) -> None:
    given = content["smsContent"]
    assert text("sms", content).split(":", 2) == ["SMSTO", given["number"], given["message"]]


@some
@given(CONTENTS["whatsapp"])
def test_whatsapp(content: Given) -> None:
    given = content["whatsAppContent"]
    payload = text("whatsapp", content)
    assert urlsplit(payload)[:3] == ("https", "wa.me", "/" + given["number"].lstrip("+"))
    assert asked(payload) == ({"text": given["message"]} if "message" in given else {})


@some
@given(CONTENTS["bitcoin"])
def test_bitcoin(content: Given) -> None:
    given = content["bitcoinContent"]
    payload = text("bitcoin", content)
    assert urlsplit(payload).path == given["address"]
    found = asked(payload)
    amount = found.pop("amount", "0")
    assert "e" not in amount.lower() and float(amount) == given["amount"]
    assert found == said(given, "label", "message")


@pytest.mark.parametrize(
    ("amount", "written"), [(1e-8, "0.00000001"), ("20.30", "20.3"), (100, "100"), (0, None), ("0.00", None)]
)
def test_amounts_are_written_out(amount: object, written: str | None) -> None:
    coins = {"bitcoinContent": {"address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "amount": amount}}
    assert asked(text("bitcoin", coins)).get("amount") == written


@some
@given(CONTENTS["paypal"])
def test_paypal(content: Given) -> None:
    given = content["paypalContent"]
    who, _, amount = text("paypal", content).removeprefix("https://www.paypal.com/paypalme/").partition("/")
    assert who == given["username"] and float(amount or 0) == given["amount"]


@some
@given(CONTENTS["geo"])
def test_geo(content: Given) -> None:
    given = content["geoContent"]
    payload = text("geo", content)
    latitude, longitude = payload.removeprefix("geo:").partition("?")[0].split(",")
    assert abs(float(latitude) - given["latitude"]) < 1e-6 and abs(float(longitude) - given["longitude"]) < 1e-6
    assert "e" not in latitude + longitude
    if "label" in given:
        assert asked(payload)["q"] == f"{latitude},{longitude}({given['label']})"


@some
@given(CONTENTS["text"])
def test_text(content: Given) -> None:
    assert text("text", content) == content["text"]


@some
@given(CONTENTS["url"])
def test_addresses_are_kept_as_they_are(content: Given) -> None:
    assert text("url", content) == text("website", content) == content["url"]


def test_an_address_without_a_scheme_gets_one() -> None:
    assert text("url", {"url": "example.com/menu"}) == "https://example.com/menu"


@pytest.mark.parametrize(
    ("written", "dialled"),
    [("+49 (0)30 / 12-34", "+49301234"), ("030 1234 ext. 5", "0301234,5"), ("*100#", "*100%23")],
)
def test_numbers_are_written_as_they_are_dialled(written: str, dialled: str) -> None:
    assert text("phone", {"phone": written}) == f"tel:{dialled}"


@pytest.mark.parametrize("type", ["coupon", "pdf", "business", "nonsense"])
def test_what_only_a_page_can_show_has_no_text(type: str) -> None:
    with pytest.raises(Refused) as refused:
        text(type, {})
    assert refused.value.field == "type"


@pytest.mark.parametrize("type", sorted(TYPES))
@pytest.mark.parametrize("content", [{}, [], None, "x"])
def test_nothing_is_refused_with_the_field_that_is_missing(type: str, content: object) -> None:
    with pytest.raises(Refused) as refused:
        text(type, content)
    assert refused.value.field.startswith("content")


@some
@given(CONTENTS["text"])
def test_control_characters_are_refused(content: Given) -> None:
    with pytest.raises(Refused):
        text("text", {"text": content["text"] + "\x00"})
