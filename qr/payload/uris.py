"""Payloads of one line that phones act on: web addresses, calls, messages, mail, map points, Wi-Fi, payments; and plain
text."""

import math
import re
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

from qr.payload.fields import Fields, backslashed, query

_dialled = re.compile(r"\+?[0-9*#,;]+", re.ASCII)
_at = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")


def plain(fields: Fields) -> str:
    return fields.lines("text", needed=True)


def phone(fields: Fields) -> str:
    return f"tel:{quote(number(fields, 'phone', 'number'), safe='+*,;')}"


def sms(fields: Fields) -> str:
    """Write `SMSTO:`, which Android and iOS read. The message is the rest of the text, so it needs no escaping."""
    said = fields.lines("message")
    return f"SMSTO:{number(fields, 'number')}:{said}" if said else f"SMSTO:{number(fields, 'number')}"


def email(fields: Fields) -> str:
    to = fields.line("email", needed=True)
    if not _at.fullmatch(to):
        raise fields.refused("email", "must be an email address")
    # RFC 6068: lines of a body end in CRLF.
    body = fields.lines("body").replace("\n", "\r\n")
    return f"mailto:{quote(to, safe='@+')}{query(subject=fields.line('subject'), body=body)}"


def whatsapp(fields: Fields) -> str:
    """Write a WhatsApp link, with the digits of an international number."""
    digits = re.sub(r"[^0-9]", "", number(fields, "number"))
    return f"https://wa.me/{digits}{query(text=fields.lines('message'))}"


def number(fields: Fields, *names: str) -> str:
    """Reduce a number to the characters to dial."""
    written = fields.line(*names, needed=True)
    found = written.replace("(0)", "") if written.startswith("+") else written
    found = re.sub(r"(?i)\s*(?:ext|x)\.?\s*", ",", found)
    found = re.sub(r"[ ()./-]", "", found)
    if not _dialled.fullmatch(found) or not re.search(r"[0-9]", found):
        raise fields.refused(names[0], "must be a phone number")
    return found


# Web addresses and map points.

_schemeless = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,24}(?::[0-9]{1,5})?(?:[/?#].*)?", re.DOTALL)


def url(fields: Fields) -> str:
    """Return an address unchanged, or with https if it has no scheme: a phone would take it for plain text."""
    found = fields.lines("url", needed=True)
    if found != found.strip() or any(mark.isspace() for mark in found):
        raise fields.refused("url", "must not hold spaces")
    return f"https://{found}" if _schemeless.fullmatch(found) else found


def geo(fields: Fields) -> str:
    """Write a geo URI (RFC 5870). The label has the form of Android's maps; others ignore it."""
    at = ",".join(_degrees(fields, name, most) for name, most in (("latitude", 90), ("longitude", 180)))
    label = fields.line("label")
    return f"geo:{at}?q={at}({quote(label, safe='')})" if label else f"geo:{at}"


def _degrees(fields: Fields, name: str, most: int) -> str:
    value = fields.raw(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > most:
        raise fields.refused(name, f"must be a number, -{most} to {most}")
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


# Wireless networks.

_OPEN = frozenset({"", "none", "open", "nopass", "no password", "unencrypted"})


def wifi(fields: Fields) -> str:
    """Write `WIFI:` by the Wi-Fi Alliance's specification: WPA stands for WPA, WPA2 and WPA3."""
    # Leading and trailing spaces belong to a network's name and password.
    name = fields.lines("network_name", needed=True)
    security = _security(fields)
    parts = [f"T:{security}", f"S:{_escaped(name)}"]
    if security != "nopass":
        parts.append(f"P:{_escaped(fields.lines('password', needed=True))}")
    if fields.flag("hidden"):
        parts.append("H:true")
    return f"WIFI:{';'.join(parts)};;"


def _security(fields: Fields) -> str:
    said = fields.line("encryption").lower().replace("_", "-")
    if said in _OPEN:
        return "nopass"
    if "eap" in said or "enterprise" in said:
        raise fields.refused("encryption", "must be one that asks for no more than a password: WPA, WEP or nopass")
    if said.startswith("wep"):
        return "WEP"
    if said.startswith(("wpa", "sae", "psk")):
        return "WPA"
    raise fields.refused("encryption", "must be WPA, WEP or nopass")


def _escaped(text: str) -> str:
    return backslashed(text, ';,:"')


# Payment requests: Bitcoin, PayPal.

_coin = re.compile(r"[A-Za-z0-9]{14,100}")
_payee = re.compile(r"@?([\w.-]{1,64})", re.ASCII)


def bitcoin(fields: Fields) -> str:
    """Write a BIP 21 URI. Without an amount the payer chooses it."""
    address = fields.line("address", needed=True)
    if not _coin.fullmatch(address):
        raise fields.refused("address", "must be a bitcoin address")
    amount = _amount(fields, 8)
    said = query(amount=amount, label=fields.line("label"), message=fields.line("message"))
    return f"bitcoin:{address}{said}"


def paypal(fields: Fields) -> str:
    """Write a PayPal.Me link, which carries payee and amount, but no note."""
    payee = _payee.fullmatch(fields.line("username", needed=True))
    if payee is None:
        raise fields.refused("username", "must be a name at PayPal")
    amount = _amount(fields, 2)
    return f"https://www.paypal.com/paypalme/{quote(payee[1], safe='')}" + (f"/{amount}" if amount else "")


def _amount(fields: Fields, places: int) -> str:
    """Format an amount in plain digits, never 1e-05; "" for none."""
    said = fields.line("amount")
    if not said:
        return ""
    try:
        found = Decimal(said)
        if not found.is_finite() or found < 0 or found > 10**12:
            raise InvalidOperation
        rounded = found.quantize(Decimal(1).scaleb(-places))
    except InvalidOperation:
        raise fields.refused("amount", "must be an amount, as digits with a point") from None
    if rounded != found:
        raise fields.refused("amount", f"must have at most {places} digits after the point")
    text = f"{rounded:f}".rstrip("0").rstrip(".") if "." in f"{rounded:f}" else f"{rounded:f}"
    return "" if text == "0" else text
