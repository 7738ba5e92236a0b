"""Every scan has a country out of the box, where its address has one; another database may stand in its place."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from redirect.client_ip import packed
from redirect.geo import REGISTRIES, UNKNOWN_LOCATION, Description, Location, describe, open_database
from tests.redirect import mmdb
from tests.redirect.scanner import Publisher, Redirector

Start = Callable[..., Redirector]


def of(text: str) -> bytes:
    raw = packed(text)
    assert raw is not None
    return raw


@pytest.mark.parametrize(
    ("address", "country"),
    [
        # What registries have assigned for long and will not take back soon.
        *(
            ("8.8.8.8", "US"),
            ("193.0.6.139", "NL"),
            ("202.12.27.33", "JP"),
            ("200.160.2.3", "BR"),
            ("196.216.2.1", "ZA"),
        ),
        *(("2001:4860:4860::8888", "US"), ("2001:67c:2e8:22::c100:68b", "NL"), ("::ffff:8.8.8.8", "US")),
        *(("127.0.0.1", ""), ("10.1.2.3", ""), ("192.168.1.1", ""), ("172.16.0.1", ""), ("100.64.0.1", "")),
        *(("169.254.1.1", ""), ("224.0.0.1", ""), ("203.0.113.7", ""), ("::1", ""), ("fe80::1", ""), ("fd00::1", "")),
    ],
)
def test_countries_come_along(address: str, country: str) -> None:
    look_up = open_database(REGISTRIES)
    assert look_up is not None
    assert look_up(of(address)) == Location(country)


def test_an_address_that_nobody_knows_is_nowhere() -> None:
    look_up = open_database(REGISTRIES)
    assert look_up is not None
    assert look_up(bytes(16)) == UNKNOWN_LOCATION


def test_a_scan_is_placed_by_its_address(start: Start, publisher: Publisher) -> None:
    publisher.write("abc", "https://example.com/")
    server, without = start(), start(geo_database="")
    for one in (server, without):
        for chain in ("202.12.27.33", ""):
            assert one.get("/abc", {"X-Forwarded-For": chain}).status == 302
        one.stop()
    assert [event.country for event in server.events()] == ["JP", ""]
    assert [event.country for event in without.events()] == ["", ""]


def test_what_is_known_of_a_database(tmp_path: Path) -> None:
    along = describe(REGISTRIES)
    assert along.name.startswith("iptocc 3.") and "RIPE" in along.credit
    assert along.made is not None and along.made >= date(2026, 10, 27)
    file = str(mmdb.write(tmp_path / "flat.mmdb", {"203.0.113.0/24": {"country_code": "NZ"}}))
    found = describe(file)
    assert found == Description(file, found.holds, found.made) and found.made is not None
    look_up = open_database(file)
    assert look_up is not None
    # The flat form of free databases.
    assert look_up(of("203.0.113.9")) == Location("NZ")
    assert open_database("") is None
