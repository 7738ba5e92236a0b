from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pages
from tests.pages.samples import SAMPLES

NOW_MS = 1_800_000_000_000


def lines(type: str, data: dict[str, Any]) -> list[str]:
    """Of the file, with what was folded put together again."""
    file = pages.download(type, data, now_ms=NOW_MS)
    assert file is not None
    assert all(len(line) <= 75 for line in file.body.split(b"\r\n"))
    return file.body.decode().replace("\r\n ", "").split("\r\n")


def header(type: str, data: dict[str, Any], name: bytes) -> str:
    file = pages.download(type, data, now_ms=NOW_MS)
    assert file is not None
    return dict(file.headers)[name].decode()


def test_a_contact() -> None:
    assert lines("vcard_plus", SAMPLES["vcard_plus"].content) == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "N:Okafor;Amara;;;",
        "FN:Amara Okafor",
        "ORG:Northlight Studio",
        "TITLE:Structural engineer",
        "TEL;TYPE=CELL:+44 20 7946 0018",
        "EMAIL;TYPE=INTERNET:amara@northlight.example",
        "URL:https://northlight.example",
        "ADR;TYPE=WORK:;;14 Quay Street;Bristol;;BS1 2JL;United Kingdom",
        "NOTE:Bridges\\, stairs\\, and the odd treehouse.",
        "END:VCARD",
        "",
    ]


def test_an_event() -> None:
    assert lines("event", SAMPLES["event"].content)[5:] == [
        "DTSTAMP:20270115T080000Z",
        "DTSTART:20270313T183000Z",
        "DTEND:20270313T220000Z",
        "SUMMARY:Open studio night",
        "LOCATION:14 Quay Street\\, Bristol",
        "DESCRIPTION:Models\\, drawings and mulled cider. Bring someone who likes bridges.",
        "URL:https://northlight.example/open",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ({"start_date": "2027-07-01T09:00:00", "timezone": "Europe/Paris"}, ":20270701T070000Z", None),
        ({"start_date": "2027-07-01T09:00:00+02:00"}, ":20270701T070000Z", None),
        ({"start_date": "2027-07-01T09:00"}, ":20270701T090000", None),
        ({"start_date": "2027-07-01T09:00", "timezone": "Mars/Olympus"}, ":20270701T090000", None),
        # A calendar's last day is the one after it.
        ({"start_date": "2027-07-01", "end_date": "2027-07-03"}, ";VALUE=DATE:20270701", ";VALUE=DATE:20270704"),
        ({"start_date": "2027-07-01", "end_date": "2027-07-03T10:00"}, ";VALUE=DATE:20270701", None),
    ],
)
def test_times(said: dict[str, str], start: str, end: str | None) -> None:
    found = lines("event", {"eventContent": said})
    assert f"DTSTART{start}" in found
    assert [line for line in found if line.startswith("DTEND")] == ([] if end is None else [f"DTEND{end}"])


@pytest.mark.parametrize("said", ["soon", "", "2027-13-01", "9999-12-31T23:59:59-14:00", None])
def test_an_event_without_a_time_is_no_file(said: Any) -> None:
    content = {"eventContent": {"event_name": "x", "start_date": said}}
    assert pages.download("event", content, now_ms=NOW_MS) is None
    assert b"download=1" not in pages.render("event", content).body


@given(st.text(), st.text(), st.text())
def test_nothing_ends_its_line(first: str, note: str, place: str) -> None:
    card = {"vCardContent": {"first_name": first, "last_name": "x", "note": note + "\r\nEND:VCARD"}}
    names = [line.partition(":")[0] for line in lines("vcard", card)]
    assert names.count("END") == names.count("BEGIN") == 1
    event = {"eventContent": {"event_name": first, "location": place, "start_date": "2027-07-01"}}
    names = [line.partition(":")[0].partition(";")[0] for line in lines("event", event)]
    known = {"BEGIN", "VERSION", "PRODID", "UID", "DTSTAMP", "DTSTART", "SUMMARY", "LOCATION", "END", ""}
    assert set(names) <= known


def test_files_are_named_and_harmless() -> None:
    card = {"vCardContent": {"first_name": 'x"; filename="y\r\nSet-Cookie: a', "last_name": "Ö"}}
    said = header("vcard", card, b"content-disposition")
    assert said.startswith("inline; filename=\"contact.vcf\"; filename*=UTF-8''x%20filenamey")
    assert "\n" not in said and said.isascii()
    assert header("vcard", card, b"content-security-policy") == "default-src 'none'; sandbox"
    assert header("vcard", card, b"content-type") == "text/vcard; charset=utf-8"
    assert header("event", SAMPLES["event"].content, b"content-type") == "text/calendar; charset=utf-8"
