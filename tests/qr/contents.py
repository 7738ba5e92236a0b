"""Contents of every type, as anyone might fill them in."""

import string
from typing import Any

from hypothesis import strategies as st

# Letters of many scripts, and everything that means something in one of the formats.
SPECIAL = "\\;:,\"'&=?#%+@/()[]{}<>|$*~^`!. -_"
letters = st.sampled_from(string.ascii_letters + string.digits + SPECIAL + "äöüßéñøčłİğ日本語中文한국어Жяλעברعربى😀🚲")
word = st.text(letters, min_size=1, max_size=24).filter(lambda text: text.strip() != "")
# What stands on a line of its own has no spaces that could be lost.
line = word.map(lambda text: " ".join(text.split())).filter(bool)
lines = st.lists(line, min_size=1, max_size=3).map("\n".join)
phone = st.from_regex(r"\A\+?[0-9]{3,15}\Z")
email = st.builds("{}@{}.example".format, st.from_regex(r"\A[a-z0-9.+_'&-]{1,12}\Z"), st.from_regex(r"\A[a-z]{1,9}\Z"))
url = st.builds(
    "https://example.com/{}".format, st.text(string.ascii_letters + string.digits + "/?&=%._~-", max_size=60)
)
amount = st.decimals(0, 10**6, places=2).map(lambda value: float(value))


def _some(needed: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(needed, optional=optional)


_contact = _some(
    {"first_name": line, "last_name": line},
    {
        "phone": phone,
        "mobile": phone,
        "email": email,
        "company": line,
        "department": line,
        "job_title": line,
        "website": url,
        "street": line,
        "city": line,
        "country": line,
        "note": lines,
    },
)
_events = _some(
    {"event_name": line, "start_date": st.datetimes().map(lambda at: at.replace(microsecond=0).isoformat())},
    {"location": line, "description": lines, "rsvp_url": url},
)
CONTENTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "url": _some({"url": url}, {}),
    "website": _some({"url": url}, {}),
    "text": _some({"text": lines}, {}),
    "phone": _some({"phone": phone}, {}),
    "geo": _some(
        {"geoContent": _some({"latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180)}, {"label": line})}, {}
    ),
    "email": _some({"emailContent": _some({"email": email}, {"subject": line, "body": lines})}, {}),
    "sms": _some({"smsContent": _some({"number": phone, "message": lines}, {})}, {}),
    "whatsapp": _some({"whatsAppContent": _some({"number": phone}, {"message": lines})}, {}),
    "wifi": _some(
        {
            "wifiContent": _some(
                {"network_name": word, "encryption": st.sampled_from(["WPA2", "WEP", "wpa3"]), "password": word},
                {"hidden": st.booleans()},
            )
        },
        {},
    ),
    "bitcoin": _some(
        {
            "bitcoinContent": _some(
                {"address": st.from_regex(r"\A[a-zA-Z0-9]{26,42}\Z"), "amount": amount},
                {"label": line, "message": line},
            )
        },
        {},
    ),
    "paypal": _some(
        {"paypalContent": _some({"username": st.from_regex(r"\A[a-z0-9.-]{1,20}\Z"), "amount": amount}, {})}, {}
    ),
    "vcard": _some({"vCardContent": _contact}, {}),
    "vcard_plus": _some({"vCardContent": _contact.map(lambda given: {**given, "version": "4.0"})}, {}),
    "mecard": _some({"vCardContent": _contact}, {}),
    "event": _some({"eventContent": _events}, {}),
}
