"""What a stream sends, in the format of the WHATWG: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()

# How long a client waits before it connects again.
RETRY_MS = 2000
HEARTBEAT = b": heartbeat\n\n"
# Something to send at once, that means nothing.
BEGIN = b": stream\n\n"


def message(event: str, data: Any, position: str = "") -> bytes:
    """JSON has no line ends outside of its texts, where they are escaped, so the data is one line."""
    id = f"id: {position}\n" if position else ""
    return b"%bevent: %b\ndata: %b\n\n" % (id.encode(), event.encode(), _encoder.encode(data))


def moved(position: str) -> bytes:
    """Tells where to resume when there was no scan to tell it."""
    return b"retry: %d\n" % RETRY_MS + message("position", {}, position)


def farewell(event: str, text: str) -> bytes:
    """The last message. Its client may connect again with the id it has, but after `gone`."""
    return message(event, {"message": text})


OVERFLOW = farewell("overflow", "this stream was read too slowly; connect again, from the last id on, and read faster")
REVOKED = farewell("revoked", "the key of this stream is revoked or has expired")
GONE = farewell("gone", "this position is too old, and scans after it are not known any more; begin anew without it")
TROUBLE = farewell("trouble", "this stream cannot go on; connect again, from the last id on")
