"""Examples in the documentation of `/api/v1`; a test compares their fields with the schemas."""

VARIANTS = [
    {"url": "https://example.com/menu/a", "weight": 50, "label": "A"},
    {"url": "https://example.com/menu/b", "weight": 50, "label": "B"},
]
NEW = {"name": "Spring 2026 menu", "destination_url": "https://example.com/menus/spring-2026"}
NEW_CODE = {
    "id": 42,
    "short_id": "aBc23dEf",
    "name": "Spring 2026 menu",
    "destination_url": "https://example.com/menus/spring-2026",
    "variants": [],
    "is_active": True,
    "scan_count": 0,
    "last_scanned_at": None,
    "destination_changes_count": 0,
    "public_url": "http://localhost:8001/q/aBc23dEf/",
    "created_at": "2026-05-09T14:00:00Z",
    "updated_at": "2026-05-09T14:00:00Z",
}
CODE = NEW_CODE | {"scan_count": 1247, "last_scanned_at": "2026-05-21T13:45:12Z"}
EDIT = {"destination_url": "https://example.com/menus/summer-2026", "variants": VARIANTS}
EDITED = CODE | EDIT | {"destination_changes_count": 1, "updated_at": "2026-05-21T14:00:00Z"}
PAGE = {
    "count": 137,
    "next": "http://localhost:8000/api/v1/dynamic/?page=2&page_size=1",
    "previous": None,
    "results": [CODE],
}
SCANS = {
    "short_id": "aBc23dEf",
    "name": "Spring 2026 menu",
    "total_scans": 1247,
    "scans_in_period": 43,
    "period_days": 30,
    "by_day": [{"day": "2026-05-20", "count": 12}, {"day": "2026-05-21", "count": 31}],
    "top_referers": [{"referer": "(direct)", "count": 41}, {"referer": "https://example.com/", "count": 2}],
    "top_clients": [{"client": "iOS", "count": 40}, {"client": "Bot", "count": 3}],
    "top_countries": [{"country": "CA", "count": 40}, {"country": "Unknown", "count": 3}],
    "top_cities": [{"city": "Montreal, CA", "count": 40}],
    "top_devices": [{"device": "iPhone", "count": 40}, {"device": "Unknown", "count": 3}],
    "top_os": [{"os": "iOS", "count": 40}, {"os": "Unknown", "count": 3}],
    "top_browsers": [{"browser": "Safari", "count": 40}, {"browser": "Unknown", "count": 3}],
    "scan_heatmap_by_hour": [[0] * 24] * 2 + [[0] * 12 + [12] + [0] * 11, [0] * 13 + [31] + [0] * 10] + [[0] * 24] * 3,
    "geo_pins": [{"lat": 45.5, "lon": -73.6, "city": "Montreal", "country": "CA"}],
    "by_variant": [{"variant": "a", "label": "A", "url": "https://example.com/menu/a", "count": 20}],
}
TOKEN_REQUEST = {"api_key": "oqr_live_yourkey"}
TOKENS = {"access": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "refresh": "eyJhbGciOiJIUzI1NiJ9.e30.YW5vdGhlcg"}
REFRESH = {"refresh": TOKENS["refresh"]}
ACCESS = {"access": TOKENS["access"]}
GENERATE = {"data_type": "dynamic", "format": "svg", "style": {"shape": "dots"}, **NEW}
GENERATED = {**NEW_CODE, "image": "data:image/svg+xml;base64,PHN2Zy8+"}
NEW_DOMAIN = {"domain": "go.example.com"}
DOMAIN = {
    "id": 3,
    "domain": "go.example.com",
    "is_verified": False,
    "txt_name": "_waymark.go.example.com",
    "txt_value": "waymark-5f0b6a0d9b1c4b52b1a2c3d4e5f60718",
    "cname_target": "localhost",
    "created_at": "2026-05-21T15:00:00Z",
}
DOMAINS = {"count": 1, "next": None, "previous": None, "results": [DOMAIN]}
CHECKED = {
    **DOMAIN,
    "is_verified": True,
    "checks": {
        "txt": {"ok": True, "expected": DOMAIN["txt_value"], "found": [DOMAIN["txt_value"]], "problem": None},
        "cname": {"ok": True, "expected": "localhost", "found": ["localhost"], "problem": None},
    },
}
