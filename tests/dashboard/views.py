"""The parts of a code and the tabs of the settings, each an address. (`test_views` holds them against the sources.)"""

PARTS = ("rules", "variants", "placements", "settings", "history", "page")
TABS = (
    "domains",
    "branding",
    "keys",
    "sessions",
    "webhooks",
    "reports",
    "shared",
    "exports",
    "files",
    "usage",
    "system",
)
