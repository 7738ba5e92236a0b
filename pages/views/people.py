"""Views of people and businesses: contact cards, profiles, lists of links."""

from pages import address, links
from pages.content_fields import LONG, ContentFields
from pages.view_model import Button, Icon, Row, View, buttons, initials, rows

# Field → the site's name, and the base address of its profiles.
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


def contact(fields: ContentFields, download: str) -> View:
    name = fields.text("first_name") + " " + fields.text("last_name")
    name = name.strip() or fields.text("company") or "Contact"
    phone, email = fields.text("phone", "mobile"), fields.text("email")
    website, where = fields.text("website", longest=2_048), contact_address(fields)
    return View(
        title=name,
        subtitle="\n".join(
            filter(None, [fields.text("job_title", "title"), fields.text("department"), fields.text("company")])
        ),
        monogram=initials(name),
        text=fields.lines("bio", "note"),
        buttons=buttons(
            Button("Save contact", download, "card"),
            Button("Call", links.call(phone), "call"),
            Button("Email", links.mail(email), "mail"),
        ),
        rows=rows(
            *(
                Row("call", label, number, links.call(number))
                for field, label in (("phone", "Phone"), ("mobile", "Mobile"), ("work_phone", "Work"), ("fax", "Fax"))
                if (number := fields.text(field, longest=40))
            ),
            Row("mail", "Email", email, links.mail(email)),
            Row("web", "Website", website, links.web(website)),
            Row("map", "Address", where, links.search_map(where)),
        ),
        links=_profiles(fields),
    )


def contact_address(fields: ContentFields) -> str:
    said = fields.raw("address")
    if isinstance(said, dict):
        return address.line(said)
    names = ("address", "street", "city", "state", "region", "zip", "postal_code", "country")
    return address.line({name: fields.raw(name) for name in names})


def business(fields: ContentFields) -> View:
    name = fields.text("business_name") or "Business"
    phone, email = fields.text("phone", longest=40), fields.text("email")
    site = fields.text("website", longest=2_048)
    where = address.line(fields.raw("address"))
    return View(
        title=name,
        subtitle=fields.text("tagline", "category"),
        monogram=initials(name),
        text=fields.lines("description", "about"),
        buttons=buttons(
            Button("Call", links.call(phone), "call"),
            Button("Find us", links.search_map(where), "map"),
            Button("Website", links.web(site), "web"),
        ),
        rows=rows(
            Row("call", "Phone", phone, links.call(phone)),
            Row("mail", "Email", email, links.mail(email)),
            Row("web", "Website", site, links.web(site)),
            Row("map", "Address", where, links.search_map(where)),
            Row("clock", "Opening hours", address.hours(fields.raw("business_hours"))),
        ),
        links=_profiles(fields),
    )


def social_media(fields: ContentFields) -> View:
    name = fields.text("profileName", "profile_name") or "Profile"
    site = fields.text("website", longest=2_048)
    return View(
        title=name,
        subtitle=fields.text("tagline"),
        monogram=initials(name),
        text=fields.lines("bio", "description"),
        links=(*_profiles(fields), *buttons(Button("Website", links.web(site), "web", _shown(site)))),
    )


def list_links(fields: ContentFields) -> View:
    name = fields.text("profile_name", "profileName") or "Links"
    listed = [
        Button(link.text("title") or _shown(url), links.any_link(url), _icon(url), own=False)
        for link in fields.objects("links", MOST_LINKS)
        if (url := link.text("url", longest=2_048))
    ]
    return View(
        title=name,
        monogram=initials(name),
        text=fields.lines("bio", longest=LONG),
        # A link with an invalid address is shown too, as text that does nothing.
        links=tuple(listed),
    )


def _profiles(fields: ContentFields) -> tuple[Button, ...]:
    return buttons(
        *(
            Button(label, links.profile(said, base), "out", _shown(said))
            for field, (label, base) in SITES.items()
            if (said := fields.text(field, longest=2_048))
        )
    )


def _shown(address: str) -> str:
    """Shorten a web address for display."""
    bare = address.split("://", 1)[-1].removeprefix("www.").rstrip("/")
    return bare if len(bare) <= 60 else f"{bare[:59]}…"


def _icon(url: str) -> Icon:
    return _ICONS.get(url.partition(":")[0].lower(), "out")
