"""The apps that scans are led to instead of the web, by the scanner's system."""

from schemas.scan_options import Apps

_IOS = ("iOS", "iPadOS")


def links(apps: Apps | None) -> dict[str, str]:
    """System, as an event names it → where it is led. Where the app is not installed a universal link opens in the
    browser by itself; systems that are not here go to the web."""
    if apps is None:
        return {}
    found = dict.fromkeys(_IOS, apps.ios) | {"Android": apps.android}
    return {system: link for system, link in found.items() if link}
