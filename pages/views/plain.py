"""Views of content that a static code could hold itself: text, a number, a network, a payment. Each has one button."""

from pages import links
from pages.content_fields import ContentFields, text
from pages.view_model import Button, Row, View, buttons, rows

MAX_TEXT = 10_000
_COORDINATES = {"latitude": 90, "longitude": 180}


def words(said: object) -> View:
    return View(title="Message", text=text(said, MAX_TEXT))


def phone(said: object) -> View:
    number = text(said, 60).removeprefix("tel:")
    return View(title=number or "Phone", buttons=buttons(Button("Call", links.call(number), "call")))


def email(fields: ContentFields) -> View:
    to, subject, body = fields.text("email"), fields.text("subject"), fields.lines("body")
    return View(
        title="Send an email",
        buttons=buttons(Button("Write", links.mail(to, subject, body), "mail")),
        rows=rows(Row("mail", "To", to), Row("tag", "Subject", subject), Row("chat", "Message", body)),
    )


def sms(fields: ContentFields) -> View:
    number, body = fields.text("number", longest=40), fields.lines("message")
    return View(
        title="Send a message",
        buttons=buttons(Button("Write", links.message(number, body), "chat")),
        rows=rows(Row("call", "To", number), Row("chat", "Message", body)),
    )


def whatsapp(fields: ContentFields) -> View:
    number, body = fields.text("number", longest=40), fields.lines("message")
    return View(
        title="Chat on WhatsApp",
        buttons=buttons(Button("Open WhatsApp", links.chat(number, body), "chat")),
        rows=rows(Row("call", "To", number), Row("chat", "Message", body)),
    )


def wifi(fields: ContentFields) -> View:
    kind = fields.text("encryption", longest=32)
    kind = "None" if kind.lower() in ("", "nopass", "none", "open") else kind
    return View(
        title=fields.text("network_name") or "Wi-Fi",
        kicker="Wi-Fi",
        text="Choose this network in your Wi-Fi settings.",
        rows=rows(
            Row("wifi", "Network", fields.text("network_name"), code=True),
            Row("lock", "Password", fields.lines("password", longest=255), code=True),
            Row("lock", "Security", kind),
            Row("wifi", "Hidden", "Yes: type its name" if fields.raw("hidden") is True else ""),
        ),
    )


def bitcoin(fields: ContentFields) -> View:
    address, amount = fields.text("address"), fields.text("amount", longest=32)
    label, message = fields.text("label"), fields.text("message")
    return View(
        title=label or "Pay with Bitcoin",
        text=message,
        buttons=buttons(Button("Open wallet", links.coins(address, amount, label, message), "money")),
        rows=rows(
            Row("money", "Amount", f"{amount} BTC" if amount else ""), Row("card", "Address", address, code=True)
        ),
    )


def paypal(fields: ContentFields) -> View:
    user, amount = fields.text("username"), fields.text("amount", longest=32)
    return View(
        title="Pay with PayPal",
        text=fields.text("note"),
        buttons=buttons(Button("Open PayPal", links.pay(user, amount), "money")),
        rows=rows(Row("card", "To", user), Row("money", "Amount", amount)),
    )


def geo(fields: ContentFields) -> View:
    at = [_coordinate(fields.raw(name), most) for name, most in _COORDINATES.items()]
    name = fields.text("label", "name")
    if at[0] is None or at[1] is None:
        return View(title=name or "Place")
    phone, web = links.point(at[0], at[1])
    return View(
        title=name or "A place on the map",
        buttons=buttons(Button("Open in maps", phone, "map"), Button("Open in the browser", web, "web")),
        rows=rows(Row("map", "Coordinates", phone.removeprefix("geo:").replace(",", ", "), code=True)),
    )


def _coordinate(said: object, most: int) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float) or not -most <= said <= most:
        return None
    return float(said)
