"""Scanners as they come: the headers of a few phones and desktops, all of them people."""

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
PIXEL = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Mobile Safari/537.36"
)
_SAMSUNG = (
    "Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
    "Chrome/121.0.0.0 Mobile Safari/537.36"
)
_IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 "
    "Mobile/15E148 Safari/604.1"
)
_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"

BROWSER = _WINDOWS

HEADERS: tuple[dict[str, str], ...] = (
    {"User-Agent": PHONE, "Accept": "text/html", "Accept-Language": "en-GB,en;q=0.9"},
    {"User-Agent": PIXEL, "Accept": "text/html", "Accept-Language": "de-DE,de;q=0.9", "Referer": "https://t.co/x1"},
    {"User-Agent": _SAMSUNG, "Accept": "text/html", "Accept-Language": "fr-FR,fr;q=0.8,en;q=0.5"},
    {"User-Agent": _IPAD, "Accept": "text/html", "Accept-Language": "en-US,en;q=0.9"},
    {"User-Agent": _WINDOWS, "Accept": "text/html", "Accept-Language": "en-GB", "Referer": "https://www.example.com/"},
    {"User-Agent": FIREFOX, "Accept": "text/html", "Accept-Language": "nl-NL,nl;q=0.7"},
)
