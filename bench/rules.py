"""Cost of a code with ten rules that do not match, and ten variants."""

from schemas.route import Route
from schemas.scan_options import Conditions, Rule, Variant

SLUG = "busycode"
# One for each thing that can be asked; the scanners of the benches have what each needs to be looked at.
CONDITIONS = (
    Conditions(country=("GB", "IE"), device=("tablet",)),
    Conditions(region=("Bavaria", "Saxony")),
    Conditions(city=("Atlantis",)),
    Conditions(device=("television",)),
    Conditions(os=("Windows Phone", "Symbian OS")),
    Conditions(browser=("Netscape", "Mosaic")),
    Conditions(language=("eo", "la")),
    Conditions(
        days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        hours=((0, 1440),),
        zone="Europe/Vienna",
        country=("AQ",),
        match="all",
    ),
    Conditions(since=0, until=1, country=("AQ",), city=("Atlantis",), match="any"),
    Conditions(query={"source": ("flyer", "poster")}),
)


def busy_route() -> Route:
    """Its number is far above those that a bench's codes have."""
    return Route(
        version=1,
        birth=1_000_000_007,
        workspace=1,
        destination="https://www.example.com/landing",
        rules=tuple(
            Rule(id=f"rule-{n}", key=f"r{n}", when=when, to=f"https://www.example.com/rule/{n}")
            for n, when in enumerate(CONDITIONS)
        ),
        variants=tuple(
            Variant(id=f"variant-{n}", key="abcdefghij"[n], url=f"https://www.example.com/landing/{n}", weight=10 + n)
            for n in range(10)
        ),
    )
