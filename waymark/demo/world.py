"""The people and places of the demonstration: who scans, where, with what, and how the codes live."""

import msgspec


class City(msgspec.Struct, frozen=True):
    country: str
    region: str
    city: str
    lat: float
    lon: float
    # Hours from UTC, daylight saving left aside.
    hours: int
    language: str
    weight: int


CITIES: tuple[City, ...] = (
    City("GB", "England", "London", 51.5, -0.1, 0, "en", 90),
    City("GB", "England", "Manchester", 53.5, -2.2, 0, "en", 40),
    City("GB", "Scotland", "Edinburgh", 56.0, -3.2, 0, "en", 25),
    City("IE", "Leinster", "Dublin", 53.3, -6.3, 0, "en", 22),
    City("US", "New York", "New York", 40.7, -74.0, -5, "en", 50),
    City("US", "California", "San Francisco", 37.8, -122.4, -8, "en", 30),
    City("US", "Texas", "Austin", 30.3, -97.7, -6, "en", 18),
    City("CA", "Ontario", "Toronto", 43.7, -79.4, -5, "en", 16),
    City("DE", "Berlin", "Berlin", 52.5, 13.4, 1, "de", 45),
    City("DE", "Bavaria", "Munich", 48.1, 11.6, 1, "de", 28),
    City("AT", "Vienna", "Vienna", 48.2, 16.4, 1, "de", 14),
    City("CH", "Zurich", "Zürich", 47.4, 8.5, 1, "de", 12),
    City("FR", "Île-de-France", "Paris", 48.9, 2.4, 1, "fr", 38),
    City("FR", "Auvergne-Rhône-Alpes", "Lyon", 45.8, 4.8, 1, "fr", 14),
    City("ES", "Madrid", "Madrid", 40.4, -3.7, 1, "es", 24),
    City("PT", "Lisbon", "Lisbon", 38.7, -9.1, 0, "pt", 12),
    City("IT", "Lombardy", "Milan", 45.5, 9.2, 1, "it", 18),
    City("NL", "North Holland", "Amsterdam", 52.4, 4.9, 1, "nl", 20),
    City("SE", "Stockholm", "Stockholm", 59.3, 18.1, 1, "sv", 10),
    City("PL", "Mazovia", "Warsaw", 52.2, 21.0, 1, "pl", 14),
    City("BR", "São Paulo", "São Paulo", -23.6, -46.6, -3, "pt", 16),
    City("MX", "Mexico City", "Mexico City", 19.4, -99.1, -6, "es", 10),
    City("JP", "Tokyo", "Tokyo", 35.7, 139.7, 9, "ja", 18),
    City("IN", "Maharashtra", "Mumbai", 19.1, 72.9, 5, "en", 14),
    City("AU", "New South Wales", "Sydney", -33.9, 151.2, 10, "en", 12),
    # Some places are not known to anybody.
    City("", "", "", 0.0, 0.0, 0, "", 6),
)


class Device(msgspec.Struct, frozen=True):
    device: str
    model: str
    os: str
    browser: str
    client: str
    weight: int


DEVICES: tuple[Device, ...] = (
    Device("mobile", "iPhone", "iOS", "Safari", "iOS", 430),
    Device("mobile", "iPhone", "iOS", "Chrome", "iOS", 50),
    Device("mobile", "Samsung", "Android", "Chrome", "Android", 150),
    Device("mobile", "Samsung", "Android", "Samsung Internet", "Android", 60),
    Device("mobile", "Pixel", "Android", "Chrome", "Android", 70),
    Device("mobile", "Android", "Android", "Chrome", "Android", 90),
    Device("mobile", "Android", "Android", "Firefox", "Android", 15),
    Device("tablet", "iPad", "iOS", "Safari", "iOS", 30),
    Device("tablet", "Samsung", "Android", "Chrome", "Android", 10),
    Device("desktop", "PC", "Windows", "Chrome", "Windows", 45),
    Device("desktop", "PC", "Windows", "Edge", "Windows", 20),
    Device("desktop", "Mac", "macOS", "Safari", "macOS", 20),
    Device("desktop", "Mac", "macOS", "Chrome", "macOS", 15),
    Device("desktop", "PC", "Ubuntu", "Firefox", "Linux", 8),
    Device("", "", "", "", "other", 4),
)

# Host and page. Most scans come from a camera, which names nothing.
REFERRERS: tuple[tuple[str, str, int], ...] = (
    ("", "", 900),
    ("l.instagram.com", "https://l.instagram.com/", 34),
    ("t.co", "https://t.co/", 14),
    ("www.google.com", "https://www.google.com/", 26),
    ("www.facebook.com", "https://www.facebook.com/", 18),
    ("www.linkedin.com", "https://www.linkedin.com/feed/", 9),
    ("news.example.org", "https://news.example.org/city/what-is-on", 6),
)


class Story(msgspec.Struct, frozen=True):
    """One code and how its year went. `weekdays` from Monday; `hours` are local; `bursts` are days (counted from
    the beginning of the year) around which there were many more."""

    label: str
    destination: str
    share: float
    tags: tuple[str, ...]
    weekdays: tuple[float, ...]
    hours: tuple[tuple[int, float], ...]
    first_day: int = 0
    last_day: int = 365
    # By how much a day's scans multiply from the first day to the last.
    growth: float = 1.0
    bursts: tuple[int, ...] = ()
    utm: tuple[str, str, str] = ("", "", "")
    home: str = ""
    # Percent of the scans that come by a picture; and its prints, with how often each is scanned.
    printed: int = 94
    placements: tuple[tuple[str, int], ...] = (("", 1),)


LUNCH_AND_DINNER = ((11, 2.0), (12, 6.0), (13, 5.0), (14, 2.0), (17, 2.0), (18, 5.0), (19, 7.0), (20, 5.0), (21, 2.0))
COMMUTE = ((6, 1.0), (7, 4.0), (8, 6.0), (9, 3.0), (12, 2.0), (16, 2.0), (17, 5.0), (18, 5.0), (19, 2.0), (22, 0.5))
EVENINGS = ((9, 0.5), (12, 1.5), (15, 1.5), (17, 2.0), (19, 4.0), (20, 5.0), (21, 5.0), (22, 3.0), (23, 1.0), (0, 0.4))
WORKING = ((8, 1.5), (9, 4.0), (10, 5.0), (11, 4.0), (13, 3.0), (14, 5.0), (15, 4.0), (16, 3.0), (17, 1.0), (20, 0.4))

EVERY_DAY = (1.0, 1.0, 1.0, 1.1, 1.3, 1.4, 1.2)
WEEKENDS = (0.5, 0.5, 0.6, 0.8, 1.5, 2.2, 1.9)
OFFICE = (1.1, 1.2, 1.2, 1.1, 0.9, 0.2, 0.15)

STORIES: tuple[Story, ...] = (
    Story(
        label="Menu, every table",
        destination="https://example.com/menu",
        share=0.34,
        tags=("restaurant",),
        weekdays=WEEKENDS,
        hours=LUNCH_AND_DINNER,
        growth=1.8,
        home="GB",
        placements=(("window", 5), ("bar", 3), ("terrace", 2), ("table 1", 4), ("table 2", 4), ("table 3", 3)),
    ),
    Story(
        label="Spring poster, bus stops",
        destination="https://example.com/spring/live",
        share=0.16,
        tags=("campaign", "print"),
        weekdays=OFFICE,
        hours=COMMUTE,
        first_day=140,
        last_day=260,
        growth=0.3,
        bursts=(142, 170),
        utm=("poster", "print", "spring"),
        home="GB",
        placements=(("station", 6), ("city hall", 3), ("university", 3), ("stadium", 1)),
    ),
    Story(
        label="Packaging, coffee 250 g",
        destination="https://example.com/coffee/origin",
        share=0.22,
        tags=("packaging",),
        weekdays=EVERY_DAY,
        hours=EVENINGS,
        growth=3.5,
        utm=("packaging", "print", "origin"),
    ),
    Story(
        label="Conference badge",
        destination="https://example.com/talks",
        share=0.06,
        tags=("events",),
        weekdays=OFFICE,
        hours=WORKING,
        first_day=205,
        last_day=222,
        growth=0.6,
        bursts=(212, 213),
        home="DE",
    ),
    Story(
        label="Instagram bio",
        destination="https://example.com/links",
        share=0.16,
        tags=("social",),
        weekdays=EVERY_DAY,
        hours=EVENINGS,
        growth=6.0,
        bursts=(95, 300),
        utm=("instagram", "social", ""),
        printed=0,
    ),
    Story(
        label="Warranty card",
        destination="https://example.com/register",
        share=0.06,
        tags=("packaging", "support"),
        weekdays=EVERY_DAY,
        hours=WORKING,
        first_day=30,
        growth=2.2,
    ),
)
