"""What is written or said to somebody: texts, mail, messages, calls."""

import re
from urllib.parse import quote

from qr.payload.fields import Fields, query

_dialled = re.compile(r"\+?[0-9*#,;]+", re.ASCII)
_at = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")


def plain(fields: Fields) -> str:
    return fields.lines("text", needed=True)


def phone(fields: Fields) -> str:
    return f"tel:{quote(number(fields, 'phone', 'number'), safe='+*,;')}"


def sms(fields: Fields) -> str:
    """`SMSTO:`, which both Android and iOS read, and in which a message needs no escaping: it is the rest."""
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
    """WhatsApp's own links take the digits of an international number."""
    digits = re.sub(r"[^0-9]", "", number(fields, "number"))
    return f"https://wa.me/{digits}{query(text=fields.lines('message'))}"


def number(fields: Fields, *names: str) -> str:
    """As it is dialled: without what is only there to be read."""
    written = fields.line(*names, needed=True)
    found = written.replace("(0)", "") if written.startswith("+") else written
    found = re.sub(r"(?i)\s*(?:ext|x)\.?\s*", ",", found)
    found = re.sub(r"[ ()./-]", "", found)
    if not _dialled.fullmatch(found) or not re.search(r"[0-9]", found):
        raise fields.refused(names[0], "must be a phone number")
    return found
