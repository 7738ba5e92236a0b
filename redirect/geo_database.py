"""Where an address is when no edge says so: the countries that come along, or a file in MaxMind's format.

What comes along is `iptocc`: the country to which an internet registry has assigned each block of addresses, compiled
into the package. It knows nothing of private addresses and of loopback, which have no country.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib import metadata

import msgspec

from redirect.client_ip import NO_ADDRESS, unpacked
from redirect.geo import NOWHERE, Place, database, place_of_country

# What stands for the countries that come along, where else the path of a file does.
REGISTRIES = "registries"
CREDIT = "iptocc by Ronie Martinez (MIT or Apache-2.0), of what AFRINIC, APNIC, ARIN, LACNIC and RIPE NCC publish"

PlaceOf = Callable[[bytes], Place]


class Description(msgspec.Struct, frozen=True):
    """What is known of a database; `made` is None where it does not say."""

    name: str
    holds: str
    made: date | None
    credit: str = ""


def opened(which: str) -> PlaceOf | None:
    """`which`: REGISTRIES, the path of a file, or "" for nothing. Raises as `redirect.geo.database` does."""
    if which == REGISTRIES:
        return _registries()
    return database(which) if which else None


def _registries() -> PlaceOf:
    # Loaded only where it is used.
    from iptocc import country_code

    def look_up(address: bytes) -> Place:
        found = None if address == NO_ADDRESS else country_code(unpacked(address))
        return place_of_country(found) if found else NOWHERE

    return look_up


def described(which: str) -> Description:
    """Of one that can be opened. Raises OSError or maxminddb.InvalidDatabaseError."""
    if which == REGISTRIES:
        package = metadata.distribution("iptocc")
        return Description(f"iptocc {package.version}", "countries, IPv4 and IPv6", _made(package), CREDIT)
    import maxminddb

    with maxminddb.open_database(which) as reader:
        said = reader.metadata()
    made = datetime.fromtimestamp(said.build_epoch, UTC).date()
    return Description(which, f"{said.database_type}, {'IPv4 and IPv6' if said.ip_version == 6 else 'IPv4'}", made)


def _made(package: metadata.Distribution) -> date | None:
    """The package is built each night from that day's data, and its bill of materials has the day."""
    for file in package.files or ():
        if file.match("*.dist-info/sboms/*.json"):
            found = re.search(r'"timestamp": *"(\d{4}-\d\d-\d\d)T', file.read_text())
            if found:
                return date.fromisoformat(found[1])
    return None
