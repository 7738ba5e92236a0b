"""Pages for what a static code would hold itself: a text, a number, a network, a payment. Each has its one button."""

from pages import links
from pages.reading import Given, text
from pages.view import Button, Row, View, buttons, rows

MAX_TEXT = 10_000
_COORDINATES = {"latitude": 90, "longitude": 180}


def words(said: object) -> View:
    return View(title="Message", text=text(said, MAX_TEXT))


def phone(said: object) -> View:
    number = text(said, 60).removeprefix("tel:")
    return View(title=number or "Phone", buttons=buttons(Button("Call", links.call(number), "call")))


def email(given: Given) -> View:
    to, subject, body = given.text("email"), given.text("subject"), given.lines("body")
    return View(
        title="Send an email",
        buttons=buttons(Button("Write", links.mail(to, subject, body), "mail")),
        rows=rows(Row("mail", "To", to), Row("tag", "Subject", subject), Row("chat", "Message", body)),
    )


def sms(given: Given) -> View:
    number, body = given.text("number", longest=40), given.lines("message")
    return View(
        title="Send a message",
        buttons=buttons(Button("Write", links.message(number, body), "chat")),
        rows=rows(Row("call", "To", number), Row("chat", "Message", body)),
    )


def whatsapp(given: Given) -> View:
    number, body = given.text("number", longest=40), given.lines("message")
    return View(
        title="Chat on WhatsApp",
        buttons=buttons(Button("Open WhatsApp", links.chat(number, body), "chat")),
        rows=rows(Row("call", "To", number), Row("chat", "Message", body)),
    )


def wifi(given: Given) -> View:
    kind = given.text("encryption", longest=32)
    kind = "None" if kind.lower() in ("", "nopass", "none", "open") else kind
    return View(
        title=given.text("network_name") or "Wi-Fi",
        kicker="Wi-Fi",
        text="Choose this network in your Wi-Fi settings.",
        rows=rows(
            Row("wifi", "Network", given.text("network_name"), code=True),
            Row("lock", "Password", given.lines("password", longest=255), code=True),
            Row("lock", "Security", kind),
            Row("wifi", "Hidden", "Yes: type its name" if given.raw("hidden") is True else ""),
        ),
    )


def bitcoin(given: Given) -> View:
    address, amount = given.text("address"), given.text("amount", longest=32)
    label, message = given.text("label"), given.text("message")
    return View(
        title=label or "Pay with Bitcoin",
        text=message,
        buttons=buttons(Button("Open wallet", links.coins(address, amount, label, message), "money")),
        rows=rows(
            Row("money", "Amount", f"{amount} BTC" if amount else ""), Row("card", "Address", address, code=True)
        ),
    )


def paypal(given: Given) -> View:
    user, amount = given.text("username"), given.text("amount", longest=32)
    return View(
        title="Pay with PayPal",
        text=given.text("note"),
        buttons=buttons(Button("Open PayPal", links.pay(user, amount), "money")),
        rows=rows(Row("card", "To", user), Row("money", "Amount", amount)),
    )


def geo(given: Given) -> View:
    at = [_coordinate(given.raw(name), most) for name, most in _COORDINATES.items()]
    name = given.text("label", "name")
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
