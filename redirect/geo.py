"""Locate a scanner: by the edge's headers, or by a database of addresses."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from importlib import metadata
from typing import Any
from urllib.parse import unquote_to_bytes

import maxminddb
import msgspec

from redirect.client_ip import NO_ADDRESS, unpacked
from redirect.request_fields import clean, tidy

_COUNTRY = re.compile(r"[A-Z]{2}")
# Codes that stand for no country. (Tor's T1 has a digit, so it is no country anyway.)
_NO_COUNTRY = {"XX", "ZZ", "AP"}


class Location(msgspec.Struct, frozen=True):
    """A location. Unknown parts are empty; coordinates are rounded to a tenth of a degree (whole ones are integers, as
    `schemas.event` requires), or both None."""

    country: str = ""
    region: str = ""
    city: str = ""
    lat: float | None = None
    lon: float | None = None


UNKNOWN_LOCATION = Location()


class Edge(msgspec.Struct, frozen=True):
    """The headers in which an edge describes the scanner. `address` is its header for the address."""

    country: bytes = b""
    region: bytes = b""
    city: bytes = b""
    lat: bytes = b""
    lon: bytes = b""
    address: bytes = b""

    @property
    def names(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        return (self.country, self.region, self.city, self.lat, self.lon)


NO_EDGE = Edge()

EDGES = {
    "none": NO_EDGE,
    "cloudflare": Edge(
        country=b"cf-ipcountry",
        region=b"cf-region",
        city=b"cf-ipcity",
        lat=b"cf-iplatitude",
        lon=b"cf-iplongitude",
        address=b"cf-connecting-ip",
    ),
    "cloudfront": Edge(
        country=b"cloudfront-viewer-country",
        region=b"cloudfront-viewer-country-region-name",
        city=b"cloudfront-viewer-city",
        lat=b"cloudfront-viewer-latitude",
        lon=b"cloudfront-viewer-longitude",
    ),
    "fastly": Edge(
        country=b"fastly-geo-country",
        region=b"fastly-geo-region",
        city=b"fastly-geo-city",
        lat=b"fastly-geo-latitude",
        lon=b"fastly-geo-longitude",
        address=b"fastly-client-ip",
    ),
    "vercel": Edge(
        country=b"x-vercel-ip-country",
        region=b"x-vercel-ip-country-region",
        city=b"x-vercel-ip-city",
        lat=b"x-vercel-ip-latitude",
        lon=b"x-vercel-ip-longitude",
        address=b"x-vercel-forwarded-for",
    ),
}


def edge(setting: str) -> Edge:
    """Parse a setting: the name of a known edge, or `part=header` pairs. Raises ValueError with what is allowed."""
    if setting in EDGES:
        return EDGES[setting]
    pairs = dict(part.strip().partition("=")[::2] for part in setting.split(","))
    if not pairs or not set(pairs) <= set(Edge.__struct_fields__) or not all(pairs.values()):
        known = ", ".join(EDGES)
        raise ValueError(f"edge {setting!r} is none of {known}, nor pairs like country=X-Country,city=X-City")
    return Edge(**{part: header.strip().lower().encode("latin-1") for part, header in pairs.items()})


def _degrees(raw: bytes | None, most: float) -> float | None:
    try:
        value = round(float(raw), 1) if raw else None
        if value is not None and value.is_integer():
            value = int(value)
    except ValueError:
        return None
    return value if value is not None and abs(value) <= most else None


def _location(country: str, region: str, city: str, lat: float | None, lon: float | None) -> Location:
    country = country.strip().upper()
    if not _COUNTRY.fullmatch(country) or country in _NO_COUNTRY:
        country = ""
    if lat is None or lon is None:
        return Location(country, region, city)
    return Location(country, region, city, lat, lon)


def location_of_country(country: str) -> Location:
    return _location(country, "", "", None, None)


def location_of_headers(values: tuple[bytes | None, ...]) -> Location:
    """The location that the values of `Edge.names` give. Never raises."""
    country, region, city, lat, lon = values
    return _location(
        clean(country or b"", 8),
        clean(unquote_to_bytes(region or b""), 64),
        clean(unquote_to_bytes(city or b""), 64),
        _degrees(lat, 90),
        _degrees(lon, 180),
    )


def _of(record: Any, *path: str) -> Any:
    found: Any = record
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def open_maxmind(path: str) -> Callable[[bytes], Location]:
    """Open a MaxMind-format file for look-ups, held in memory. Raises OSError or maxminddb.InvalidDatabaseError when
    there is no valid file at `path`."""
    reader = maxminddb.open_database(path, maxminddb.MODE_AUTO)

    def look_up(address: bytes) -> Location:
        if address == NO_ADDRESS:
            return UNKNOWN_LOCATION
        try:
            record = reader.get(unpacked(address))
        except ValueError:
            # An IPv6 address, and the database has IPv4 alone.
            return UNKNOWN_LOCATION
        if not isinstance(record, Mapping):
            return UNKNOWN_LOCATION
        regions = record.get("subdivisions")
        region = regions[0] if isinstance(regions, list) and regions else {}
        lat, lon = _of(record, "location", "latitude"), _of(record, "location", "longitude")
        return _location(
            # Some databases give only the code.
            str(_of(record, "country", "iso_code") or record.get("country_code") or ""),
            tidy(str(_of(region, "names", "en") or ""), 64),
            tidy(str(_of(record, "city", "names", "en") or ""), 64),
            _degrees(str(lat).encode(), 90) if lat is not None else None,
            _degrees(str(lon).encode(), 180) if lon is not None else None,
        )

    return look_up


# Locate an address without an edge: by the bundled countries, or by a file in MaxMind's format.
#
# The bundled data is `iptocc`, compiled into the package: the country to which a registry has assigned each block of
# addresses. Private and loopback addresses have no country.

# The setting for the bundled countries, in place of a path.
REGISTRIES = "registries"
CREDIT = "iptocc by Ronie Martinez (MIT or Apache-2.0), of what AFRINIC, APNIC, ARIN, LACNIC and RIPE NCC publish"

Locate = Callable[[bytes], Location]


class Description(msgspec.Struct, frozen=True):
    """Describes a database; `made` is None if it gives no date."""

    name: str
    holds: str
    made: date | None
    credit: str = ""


def open_database(which: str) -> Locate | None:
    """Open REGISTRIES, the file at a path, or nothing for "". Raises as `open_maxmind` does."""
    if which == REGISTRIES:
        return _registries()
    return open_maxmind(which) if which else None


def _registries() -> Locate:
    # Imported only if it is used.
    from iptocc import country_code

    def look_up(address: bytes) -> Location:
        found = None if address == NO_ADDRESS else country_code(unpacked(address))
        return location_of_country(found) if found else UNKNOWN_LOCATION

    return look_up


def describe(which: str) -> Description:
    """Describe a database. Raises OSError or maxminddb.InvalidDatabaseError."""
    if which == REGISTRIES:
        package = metadata.distribution("iptocc")
        return Description(f"iptocc {package.version}", "countries, IPv4 and IPv6", _made(package), CREDIT)

    with maxminddb.open_database(which) as reader:
        said = reader.metadata()
    made = datetime.fromtimestamp(said.build_epoch, UTC).date()
    return Description(which, f"{said.database_type}, {'IPv4 and IPv6' if said.ip_version == 6 else 'IPv4'}", made)


def _made(package: metadata.Distribution) -> date | None:
    """The day of the package's data. It is built each night, and its bill of materials has the date."""
    for file in package.files or ():
        if file.match("*.dist-info/sboms/*.json"):
            found = re.search(r'"timestamp": *"(\d{4}-\d\d-\d\d)T', file.read_text())
            if found:
                return date.fromisoformat(found[1])
    return None
