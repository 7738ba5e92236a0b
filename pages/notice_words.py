"""What notices and the password form say, in each language that they speak: one entry for each."""

from typing import Literal, get_args

Language = Literal["en", "de"]
Kind = Literal[
    "root",
    "not_found",
    "paused",
    "expired",
    "limited",
    "people_only",
    "unavailable",
    "not_allowed",
    "ask",
    "wrong",
    "wait",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES: tuple[Language, ...] = get_args(Language)

NOTICES: dict[Language, dict[Kind, tuple[str, str]]] = {
    "en": {
        "root": ("Short links live here", "Scan a code, or open a whole short link: each leads somewhere of its own."),
        "not_found": ("Nothing here", "This link leads nowhere. It may have been removed, or mistyped."),
        "paused": ("This code is paused", "Its owner has switched it off for now. Please try again later."),
        "expired": ("This code has expired", "It led somewhere until a date that has passed."),
        "limited": ("This code is used up", "It could be scanned a number of times, and has been."),
        "people_only": (
            "This code is for people",
            "It opens a limited number of times, so it opens for people and not for programs. "
            "If you are reading this in a browser, please load it again.",
        ),
        "unavailable": (
            "One moment, please",
            "We cannot look this link up right now. Please try again in a few seconds.",
        ),
        "not_allowed": ("Not possible", "A short link can only be opened, nothing else."),
        "ask": (
            "Password needed",
            "This code opens with a password. Whoever gave you the code can tell you what it is.",
        ),
    },
    "de": {
        "root": ("Hier wohnen Kurzlinks", "Scannen Sie einen Code, oder öffnen Sie einen ganzen Kurzlink."),
        "not_found": ("Hier ist nichts", "Dieser Link führt nirgendwohin. Er wurde entfernt, oder es fehlt etwas."),
        "paused": (
            "Dieser Code macht Pause",
            "Er ist vorerst abgeschaltet. Versuchen Sie es bitte später wieder.",
        ),
        "expired": ("Dieser Code ist abgelaufen", "Er galt bis zu einem Tag, der vorbei ist."),
        "limited": ("Dieser Code ist aufgebraucht", "Er durfte eine bestimmte Zahl von Malen geöffnet werden."),
        "people_only": (
            "Dieser Code ist für Menschen",
            "Er lässt sich nur einige Male öffnen, und deshalb nicht von Programmen. "
            "Wenn Sie das in einem Browser lesen, laden Sie die Seite bitte neu.",
        ),
        "unavailable": (
            "Einen Moment, bitte",
            "Wir können diesen Link gerade nicht nachschlagen. Bitte versuchen Sie es gleich noch einmal.",
        ),
        "not_allowed": ("Das geht nicht", "Ein Kurzlink lässt sich nur öffnen."),
        "ask": (
            "Passwort nötig",
            "Dieser Code öffnet sich mit einem Passwort. Fragen Sie, wer Ihnen den Code gegeben hat.",
        ),
    },
}
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "password": "Password",
        "open": "Open",
        "wrong": "That is not the password. Please try again.",
        "wait": "Too many tries. Please wait a little, then try again.",
        "imprint": "Imprint",
        "privacy": "Privacy",
        "legal": "Legal",
    },
    "de": {
        "password": "Passwort",
        "open": "Öffnen",
        "wrong": "Das ist nicht das Passwort. Bitte versuchen Sie es noch einmal.",
        "wait": "Zu viele Versuche. Bitte warten Sie kurz, und versuchen Sie es dann noch einmal.",
        "imprint": "Impressum",
        "privacy": "Datenschutz",
        "legal": "Rechtliches",
    },
}
