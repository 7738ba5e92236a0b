"""Payment requests: Bitcoin, PayPal."""

import re
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

from qr.payload.fields import Fields, query

_coin = re.compile(r"[A-Za-z0-9]{14,100}")
_payee = re.compile(r"@?([\w.-]{1,64})", re.ASCII)


def bitcoin(fields: Fields) -> str:
    """BIP 21. Without an amount the payer chooses it."""
    address = fields.line("address", needed=True)
    if not _coin.fullmatch(address):
        raise fields.refused("address", "must be a bitcoin address")
    amount = _amount(fields, 8)
    said = query(amount=amount, label=fields.line("label"), message=fields.line("message"))
    return f"bitcoin:{address}{said}"


def paypal(fields: Fields) -> str:
    """PayPal.Me links carry payee and amount, but no note."""
    payee = _payee.fullmatch(fields.line("username", needed=True))
    if payee is None:
        raise fields.refused("username", "must be a name at PayPal")
    amount = _amount(fields, 2)
    return f"https://www.paypal.com/paypalme/{quote(payee[1], safe='')}" + (f"/{amount}" if amount else "")


def _amount(fields: Fields, places: int) -> str:
    """Plain digits, never 1e-05; "" for none."""
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
