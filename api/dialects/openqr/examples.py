"""What the documentation shows of `/v1`; a test compares the shapes with real answers."""

CODE = {
    "id": "0b8f6c1e-3f0e-4b57-9a52-6f3f6a1f7f10",
    "slug": "k7Pm2qR",
    "short_url": "http://localhost:8001/k7Pm2qR",
    "destination": "https://example.com/spring-launch",
    "label": "Spring poster — bus stops",
    "status": "active",
    "created_at": "2026-05-21T15:00:00Z",
    "updated_at": "2026-05-21T15:00:00Z",
    "tags": ["poster", "spring"],
    "folder_id": None,
    "style": None,
    "domain": None,
}
NEW = {"destination": "https://example.com/spring-launch", "label": "Spring poster — bus stops"}
EDIT = {"destination": "https://example.com/spring/live", "tags": ["poster", "spring"]}
PAGE = {"codes": [CODE], "next_cursor": "41"}
DELETED = {"deleted": True}
SCANS = {
    "id": CODE["id"],
    "slug": CODE["slug"],
    "short_url": CODE["short_url"],
    "destination": CODE["destination"],
    "scans": {"total": 1840, "last7": 263, "topCountry": "GB", "topDevice": "mobile"},
    "analytics": {
        "days_window": 2,
        "total": 1840,
        "window_total": 81,
        "daily": [{"day": "2026-05-28", "n": 0}, {"day": "2026-05-29", "n": 81}],
        "by_country": [{"value": "GB", "n": 71}, {"value": "Unknown", "n": 10}],
        "by_device": [{"value": "mobile", "n": 60}, {"value": "desktop", "n": 21}],
        "by_referrer": [{"value": "Direct", "n": 79}, {"value": "t.co", "n": 2}],
    },
}
