"""The people of the demonstration: where they are, what they scan with, what led them there."""

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
    City("GB", "England", "Manchester", 53.5, -2.2, 0, "en", 30),
    City("GB", "England", "Bristol", 51.5, -2.6, 0, "en", 22),
    City("GB", "Scotland", "Edinburgh", 56.0, -3.2, 0, "en", 20),
    City("IE", "Leinster", "Dublin", 53.3, -6.3, 0, "en", 18),
    City("US", "New York", "New York", 40.7, -74.0, -5, "en", 40),
    City("US", "California", "San Francisco", 37.8, -122.4, -8, "en", 22),
    City("US", "Texas", "Austin", 30.3, -97.7, -6, "en", 12),
    City("CA", "Ontario", "Toronto", 43.7, -79.4, -5, "en", 12),
    City("DE", "Berlin", "Berlin", 52.5, 13.4, 1, "de", 60),
    City("DE", "Bavaria", "Munich", 48.1, 11.6, 1, "de", 26),
    City("DE", "Hamburg", "Hamburg", 53.6, 10.0, 1, "de", 22),
    City("AT", "Vienna", "Vienna", 48.2, 16.4, 1, "de", 16),
    City("CH", "Zurich", "Zürich", 47.4, 8.5, 1, "de", 12),
    City("FR", "Île-de-France", "Paris", 48.9, 2.4, 1, "fr", 30),
    City("FR", "Auvergne-Rhône-Alpes", "Lyon", 45.8, 4.8, 1, "fr", 10),
    City("BE", "Brussels", "Brussels", 50.8, 4.4, 1, "fr", 9),
    City("NL", "North Holland", "Amsterdam", 52.4, 4.9, 1, "nl", 18),
    City("DK", "Capital Region", "Copenhagen", 55.7, 12.6, 1, "da", 9),
    City("SE", "Stockholm", "Stockholm", 59.3, 18.1, 1, "sv", 8),
    City("PL", "Mazovia", "Warsaw", 52.2, 21.0, 1, "pl", 10),
    City("ES", "Madrid", "Madrid", 40.4, -3.7, 1, "es", 18),
    City("ES", "Catalonia", "Barcelona", 41.4, 2.2, 1, "es", 14),
    City("PT", "Lisbon", "Lisbon", 38.7, -9.1, 0, "pt", 44),
    City("PT", "Porto", "Porto", 41.1, -8.6, 0, "pt", 16),
    City("IT", "Lombardy", "Milan", 45.5, 9.2, 1, "it", 12),
    City("BR", "São Paulo", "São Paulo", -23.6, -46.6, -3, "pt", 12),
    City("MX", "Mexico City", "Mexico City", 19.4, -99.1, -6, "es", 7),
    City("ZA", "Western Cape", "Cape Town", -33.9, 18.4, 2, "en", 5),
    City("JP", "Tokyo", "Tokyo", 35.7, 139.7, 9, "ja", 10),
    City("KR", "Seoul", "Seoul", 37.6, 127.0, 9, "ko", 6),
    City("IN", "Maharashtra", "Mumbai", 19.1, 72.9, 5, "en", 8),
    City("AU", "New South Wales", "Sydney", -33.9, 151.2, 10, "en", 9),
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

# Host and page. A camera names none; links are clicked somewhere.
PRINTED_REFERRERS: tuple[tuple[str, str, int], ...] = (
    ("", "", 960),
    ("search.example.com", "https://search.example.com/", 26),
    ("maps.example.com", "https://maps.example.com/place/mirador", 14),
)
CLICKED_REFERRERS: tuple[tuple[str, str, int], ...] = (
    ("", "", 380),
    ("social.example.net", "https://social.example.net/", 300),
    ("photos.example.net", "https://photos.example.net/mirador.roasters", 170),
    ("search.example.com", "https://search.example.com/", 80),
    ("mail.example.com", "https://mail.example.com/", 50),
    ("coffee-diary.example.org", "https://coffee-diary.example.org/2024/ten-roasteries-to-visit", 36),
    ("news.example.org", "https://news.example.org/city/what-is-on", 18),
)
