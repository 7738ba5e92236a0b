"""Pages about somebody: contact cards, businesses, profiles, lists of links."""

from pages import address, links
from pages.reading import LONG, Given
from pages.view import Button, Icon, Row, View, buttons, initials, rows

# Field → how the site is called, and where names live on it.
SITES = {
    "instagram": ("Instagram", "https://www.instagram.com/"),
    "facebook": ("Facebook", "https://www.facebook.com/"),
    "twitter": ("X (Twitter)", "https://x.com/"),
    "linkedin": ("LinkedIn", "https://www.linkedin.com/in/"),
    "youtube": ("YouTube", "https://www.youtube.com/@"),
    "tiktok": ("TikTok", "https://www.tiktok.com/@"),
    "github": ("GitHub", "https://github.com/"),
    "threads": ("Threads", "https://www.threads.net/@"),
    "pinterest": ("Pinterest", "https://www.pinterest.com/"),
}
MOST_LINKS = 100

_ICONS: dict[str, Icon] = {"mailto": "mail", "tel": "call", "sms": "chat", "geo": "map"}


def contact(given: Given, download: str) -> View:
    name = given.text("first_name") + " " + given.text("last_name")
    name = name.strip() or given.text("company") or "Contact"
    phone, email = given.text("phone", "mobile"), given.text("email")
    place = contact_address(given)
    return View(
        title=name,
        subtitle="\n".join(
            filter(None, [given.text("job_title", "title"), given.text("department"), given.text("company")])
        ),
        monogram=initials(name),
        text=given.lines("bio", "note"),
        buttons=buttons(
            Button("Save contact", download, "card"),
            Button("Call", links.call(phone), "call"),
            Button("Email", links.mail(email), "mail"),
        ),
        rows=rows(
            *(
                Row("call", label, number, links.call(number))
                for field, label in (("phone", "Phone"), ("mobile", "Mobile"), ("work_phone", "Work"), ("fax", "Fax"))
                if (number := given.text(field, longest=40))
            ),
            Row("mail", "Email", email, links.mail(email)),
            Row(
                "web", "Website", given.text("website", longest=2_048), links.web(given.text("website", longest=2_048))
            ),
            Row("map", "Address", place, links.search_map(place)),
        ),
        links=_profiles(given),
    )


def contact_address(given: Given) -> str:
    said = given.raw("address")
    if isinstance(said, dict):
        return address.line(said)
    names = ("address", "street", "city", "state", "region", "zip", "postal_code", "country")
    return address.line({name: given.raw(name) for name in names})


def business(given: Given) -> View:
    name = given.text("business_name") or "Business"
    phone, email = given.text("phone", longest=40), given.text("email")
    site = given.text("website", longest=2_048)
    place = address.line(given.raw("address"))
    return View(
        title=name,
        subtitle=given.text("tagline", "category"),
        monogram=initials(name),
        text=given.lines("description", "about"),
        buttons=buttons(
            Button("Call", links.call(phone), "call"),
            Button("Find us", links.search_map(place), "map"),
            Button("Website", links.web(site), "web"),
        ),
        rows=rows(
            Row("call", "Phone", phone, links.call(phone)),
            Row("mail", "Email", email, links.mail(email)),
            Row("web", "Website", site, links.web(site)),
            Row("map", "Address", place, links.search_map(place)),
            Row("clock", "Opening hours", address.hours(given.raw("business_hours"))),
        ),
        links=_profiles(given),
    )


def social_media(given: Given) -> View:
    name = given.text("profileName", "profile_name") or "Profile"
    site = given.text("website", longest=2_048)
    return View(
        title=name,
        subtitle=given.text("tagline"),
        monogram=initials(name),
        text=given.lines("bio", "description"),
        links=(*_profiles(given), *buttons(Button("Website", links.web(site), "web", _shown(site)))),
    )


def list_links(given: Given) -> View:
    name = given.text("profile_name", "profileName") or "Links"
    listed = [
        Button(link.text("title") or _shown(url), links.any_link(url), _icon(url), own=False)
        for link in given.objects("links", MOST_LINKS)
        if (url := link.text("url", longest=2_048))
    ]
    return View(
        title=name,
        monogram=initials(name),
        text=given.lines("bio", longest=LONG),
        # One whose address is none is shown all the same, as text that does nothing.
        links=tuple(listed),
    )


def _profiles(given: Given) -> tuple[Button, ...]:
    return buttons(
        *(
            Button(label, links.profile(said, base), "out", _shown(said))
            for field, (label, base) in SITES.items()
            if (said := given.text(field, longest=2_048))
        )
    )


def _shown(address: str) -> str:
    """An address as people say it."""
    bare = address.split("://", 1)[-1].removeprefix("www.").rstrip("/")
    return bare if len(bare) <= 60 else f"{bare[:59]}…"


def _icon(url: str) -> Icon:
    return _ICONS.get(url.partition(":")[0].lower(), "out")
