"""Safe link targets for pages. Each function returns a URL that is safe in `href`, or "" for none.

Only URLs built or recognised here become links: a page never emits a scheme that it does not know.
"""

import re
from urllib.parse import quote, urlencode

MAX = 2_048
MAPS = "https://www.openstreetmap.org/"

_web = re.compile(r"https?://[^\s/?#@\\:\"<>]+(:[0-9]{1,5})?([/?#][^\s\"<>\\]*)?", re.IGNORECASE)
_bare = re.compile(r"([\w-]+\.)+[^\W\d_]{2,24}(:[0-9]{1,5})?([/?#][^\s\"<>\\]*)?")
_direct = re.compile(r"(mailto|tel|sms|geo):[^\s\"<>\\]+", re.IGNORECASE)
_own_file = re.compile(r"/f/[A-Za-z0-9._-]+/[^\s\"<>\\?#]+")
_handle = re.compile(r"@?([\w.-][\w./-]{0,99})")
_email = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")
_coin = re.compile(r"[A-Za-z0-9]{14,100}")
_amount = re.compile(r"[0-9]{1,12}(\.[0-9]{1,8})?")
_payee = re.compile(r"@?([\w.-]{1,64})", re.ASCII)


def web(text: str) -> str:
    if len(text) > MAX or not text.isprintable():
        return ""
    if _web.fullmatch(text):
        return text
    return f"https://{text}" if _bare.fullmatch(text) else ""


def any_link(text: str) -> str:
    """Accept a web address, or one that mails, calls, sends a message or shows a location."""
    if len(text) <= MAX and text.isprintable() and _direct.fullmatch(text):
        return text
    return web(text)


def own_file(text: str) -> str:
    """Accept a file that was uploaded here. Pages show only these; other files become links."""
    return text if len(text) <= MAX and text.isprintable() and _own_file.fullmatch(text) and ".." not in text else ""


def profile(text: str, base: str) -> str:
    """Return the address of a profile on a site, from its address or a user name."""
    site = base.split("/")[2].removeprefix("www.")
    # `ada.lovelace` is a name, though it could be an address.
    if _web.fullmatch(text) or text.lower().startswith("www.") or site in text.lower():
        return web(text)
    name = _handle.fullmatch(text)
    return f"{base}{quote(name[1], safe='/@')}" if name else ""


def call(number: str) -> str:
    dialled = digits(number)
    return f"tel:{quote(dialled, safe='+*,;')}" if dialled else ""


def message(number: str, text: str = "") -> str:
    dialled = digits(number)
    return f"sms:{dialled}{_query(body=text)}" if dialled else ""


def mail(address: str, subject: str = "", body: str = "") -> str:
    if len(address) > 254 or not _email.fullmatch(address):
        return ""
    return f"mailto:{quote(address, safe='@+')}{_query(subject=subject, body=body)}"


def chat(number: str, text: str = "") -> str:
    dialled = re.sub(r"\D", "", digits(number), flags=re.ASCII)
    return f"https://wa.me/{dialled}{_query(text=text)}" if dialled else ""


def coins(address: str, amount: str = "", label: str = "", note: str = "") -> str:
    if not _coin.fullmatch(address):
        return ""
    return f"bitcoin:{address}{_query(amount=amount if _amount.fullmatch(amount) else '', label=label, message=note)}"


def pay(user: str, amount: str = "") -> str:
    payee = _payee.fullmatch(user)
    if payee is None:
        return ""
    return f"https://www.paypal.com/paypalme/{payee[1]}" + (f"/{amount}" if _amount.fullmatch(amount) else "")


def search_map(address: str) -> str:
    """Search an address on OpenStreetMap, which every phone opens without a login."""
    return f"{MAPS}search?{urlencode({'query': ' '.join(address.split())})}" if address else ""


def point(latitude: float, longitude: float) -> tuple[str, str]:
    """Return two links to a location: for a phone's map app, and for a browser."""
    at = f"{latitude:.6f}".rstrip("0").rstrip("."), f"{longitude:.6f}".rstrip("0").rstrip(".")
    return f"geo:{at[0]},{at[1]}", f"{MAPS}?mlat={at[0]}&mlon={at[1]}#map=17/{at[0]}/{at[1]}"


def digits(number: str) -> str:
    """Return the digits to dial; "" if `number` is not a phone number."""
    if len(number) > 40 or not re.search(r"[0-9]", number):
        return ""
    if re.search(r"[^0-9 ()./*#,;extEXT+-]", number):
        return ""
    if number.startswith("+"):
        # This zero is dialled only within the country.
        number = number.replace("(0)", "")
    return re.sub(r"(?i)[ ()./-]", "", re.sub(r"(?i)\s*(?:ext|x)\.?\s*", ",", number))


def _query(**parts: str) -> str:
    """Build a query with spaces as %20: mail and message apps show a plus literally."""
    given = {name: value for name, value in parts.items() if value}
    return f"?{urlencode(given, quote_via=quote)}" if given else ""
