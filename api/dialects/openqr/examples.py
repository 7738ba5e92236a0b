"""Examples in the documentation of `/v1`; a test compares their fields with real answers."""

CODE = {
    "id": "0b8f6c1e-3f0e-4b57-9a52-6f3f6a1f7f10",
    "slug": "k7Pm2qR",
    "aliases": ["spring", "posters/spring"],
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
    "type": "website",
    "content": None,
    "page_design": None,
    "starts_at": None,
    "expires_at": "2026-09-01T00:00:00Z",
    "expired_destination": "https://example.com/over",
    "scan_limit": None,
    "has_password": False,
    "locked": False,
    "query": "drop",
    "variants": [],
    "rules": [
        {
            "if": {"country": ["GB", "IE"], "device": ["mobile"]},
            "to": "https://example.com/spring-launch/app",
            "label": None,
            "key": "a",
            "active": True,
            "id": "6d0f5f0e-4d2f-4b3d-9a3b-6c1d6f1c2f11",
        }
    ],
    "sticky": "visitor",
    "apps": None,
    "utm": {"source": "poster"},
}
NEW = {"destination": "https://example.com/spring-launch", "label": "Spring poster — bus stops"}
EDIT = {"destination": "https://example.com/spring/live", "tags": ["poster", "spring"]}
PAGE = {"codes": [CODE], "next_cursor": "41"}
SIGN_IN = {"token": "Zk3bq0V1x8W2mT5yN7cR4dE6"}
SIGNED_IN = {
    "workspace": "default",
    "scope": "admin",
    "key_name": "first key",
    "short_url": "https://s.example.com",
}
SESSIONS = {
    "sessions": [
        {
            "id": "5b2d7c1e-8a40-4f6e-9c3b-7d1f0a2e4b68",
            "key_name": "first key",
            "scope": "admin",
            "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "created_at": "2026-05-21T15:00:00Z",
            "seen_at": "2026-05-21T15:00:00Z",
            "current": True,
        }
    ]
}
DELETED = {"deleted": True}
BULK = {"items": [NEW, {"destination": "https://localhost/"}]}
BULK_ANSWER = {
    "created": 1,
    "failed": 1,
    "results": [
        {"index": 0, "code": CODE},
        {
            "index": 1,
            "error": {
                "code": "destination_not_public",
                "message": "the destination must be on a public host",
                "field": "destination",
            },
        },
    ],
}
NEW_FOLDER = {"name": "Spring"}
FOLDER = {"id": "4f2a5b1e-8c5d-4f0e-9a52-6f3f6a1f7f10", "name": "Spring", "created_at": "2026-05-21T15:00:00Z"}
FOLDERS = {"folders": [FOLDER]}
NEW_KEY = {"name": "Till", "scope": "write", "expires_at": None}
KEY = {"id": "2c9e3b77-1f0e-4b57-9a52-6f3f6a1f7f10", **NEW_KEY, "last_four": "uK9V"}
KEYS = {"keys": [KEY]}
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
PROOF = {
    "verdict": "green",
    "reasons": [],
    "complete_until": "2026-05-21T14:59:57Z",
    "held_back_by": [],
    "checked_at": "2026-05-21T14:59:41Z",
    "scans": {
        "given_out": 1873,
        "stored": 1851,
        "erased": 22,
        "refused": 0,
        "by_kind": {"human": 1642, "bot": 121, "preview": 49, "prefetch": 8},
    },
    "sources": {"proven": 12, "open": 2, "red": []},
    "rollups": {"checked_at": "2026-05-21T14:54:30Z", "up_to": "2026-05-21", "red": []},
}
IMPORTED = {
    "id": "0b6f1c1e-9f1a-4c62-8d4e-3f4a5b6c7d8e",
    "slug": "spring-menu",
    "total": 19,
    "undated": 2,
    "by_service": [{"value": "shlink", "n": 19}],
    "by_kind": [{"value": "human", "n": 16}, {"value": "", "n": 2}, {"value": "bot", "n": 1}],
    "by_country": [{"value": "DE", "n": 15}, {"value": "", "n": 4}],
    "by_referrer": [{"value": "", "n": 17}, {"value": "news.example.org", "n": 2}],
    "daily": [{"day": "2025-05-31", "n": 12}, {"day": "2025-06-02", "n": 5}],
}
ORPHANS = {
    "days_window": 2,
    "total": 7,
    "daily": [{"day": "2026-05-20", "n": 2}, {"day": "2026-05-21", "n": 5}],
    "hosts": [
        {
            "host": "go.example.com",
            "unknown": 4,
            "expired": 2,
            "limited": 1,
            "early": 0,
            "total": 7,
            "humans": 6,
            "last_at": "2026-05-21T15:00:00Z",
        }
    ],
}
DOMAIN = {
    "id": "6c1c2f0a-0f4e-4a43-8a8f-2b8d6a7e9c10",
    "domain": "go.example.com",
    "is_verified": True,
    "verified_at": "2026-05-21T15:10:00Z",
    "unproven_since": None,
    "served_until": None,
    "lapsed_at": None,
    "txt_name": "_waymark.go.example.com",
    "txt_value": "waymark-0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "cname_target": "s.example.net",
    "root_url": "https://example.com/",
    "root_text": None,
    "not_found_url": None,
    "not_found_text": "This link is not there.",
    "branding": None,
    "created_at": "2026-05-21T15:00:00Z",
}
NEW_DOMAIN = {**DOMAIN, "is_verified": False, "verified_at": None, "root_url": None, "not_found_text": None}
DOMAIN_CHECKS = {
    "txt": {"ok": True, "expected": DOMAIN["txt_value"], "found": [DOMAIN["txt_value"]], "problem": None},
    "cname": {"ok": True, "expected": "s.example.net", "found": ["s.example.net"], "problem": None},
}
DOMAIN_EDIT = {"root_url": "https://example.com/", "not_found_text": "This link is not there."}
FILE = {
    "file_id": "0d9a4a3e-6b0f-4c58-9a53-1f6f3f3c5e11",
    "file_path": "/f/5f2b1c0e8d7a4b6f9e3d2c1b0a9f8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c3b2a10.pdf/menu.pdf",
    "file_name": "menu.pdf",
    "content_type": "application/pdf",
    "size_bytes": 184120,
}

PLACEMENTS = {"placements": ["window", "door", "table 1"], "size": 1024}
QUERY = {
    "metrics": ["scans", "visitors"],
    "date_range": ["2026-05-15", "2026-05-21"],
    "timezone": "Europe/Berlin",
    "dimensions": ["scan:placement"],
    "filters": [["is", "code:tag", ["poster"]]],
    "compare": "previous_period",
    "include": {"remainder": True},
    "pagination": {"limit": 1},
}
SCAN_LIST = {
    "scans": [
        {
            "at": "2026-05-21T14:59:58.250Z",
            "code": "0c9f0f0e-4b0f-4a53-9a83-6f8c7c0b0f6e",
            "slug": "spring",
            "host": "s.example.com",
            "kind": "human",
            "outcome": "redirect",
            "entry": "qr",
            "placement": "window",
            "country": "DE",
            "region": "DE-BE",
            "city": "Berlin",
            "device": "mobile",
            "model": "iPhone",
            "os": "iOS",
            "browser": "Safari",
            "client": "Safari",
            "language": "de",
            "referrer_host": "",
            "referrer": "",
            "utm_source": "",
            "utm_medium": "",
            "utm_campaign": "",
            "utm_term": "",
            "utm_content": "",
            "variant": "",
        }
    ],
    "next_cursor": "pVxRr3s",
    "complete_until": "2026-05-21T15:00:00Z",
}
NEW_EXPORT = {
    "name": "Every night",
    "schedule": {"every": "day", "hour": 3, "weekday": 1, "day": 1, "timezone": "Europe/Berlin"},
    "format": "parquet",
    "scans": {"filters": [["is", "code:tag", ["poster"]]], "kinds": ["human"]},
}
EXPORT_RUN = {
    "period": "2026-05-20",
    "state": "done",
    "rows": 1204,
    "bytes": 48211,
    "file": "5a6f1c1e-3f0e-4b57-9a52-6f3f6a1f7f10/8a0f4f4e-1b7e-4bb0-8f64-1a1f3a6d2c11/scans-2026-05-20.parquet",
    "error": "",
    "at": "2026-05-21T01:00:04Z",
}
EXPORT = {
    "id": "8a0f4f4e-1b7e-4bb0-8f64-1a1f3a6d2c11",
    **NEW_EXPORT,
    "report_id": None,
    "created_at": "2026-05-01T09:00:00Z",
    "next_period": "2026-05-21",
    "next_run_at": "2026-05-22T01:00:00Z",
    "last_run": EXPORT_RUN,
}
EXPORTS = {"exports": [EXPORT]}
QUERY_ANSWER = {
    "results": [
        {
            "dimensions": ["window"],
            "metrics": [51, 48],
            "comparison": {"dimensions": ["window"], "metrics": [34, 30], "change": [50.0, 60.0]},
        }
    ],
    "remainder": {
        "dimensions": [],
        "metrics": [20, 19],
        "comparison": {"dimensions": [], "metrics": [0, 0], "change": [None, None]},
    },
    "breakdowns": [],
    "meta": {
        "exact": True,
        "complete_until": "2026-05-21T15:00:00Z",
        "source": "raw",
        "total_rows": None,
        "time_labels": None,
        "overlapping": [],
        "next_cursor": "eyJkIjoi",
        "codes": {},
        "imported": None,
    },
    "query": {
        "metrics": ["scans", "visitors"],
        "date_range": ["2026-05-15", "2026-05-21"],
        "timezone": "Europe/Berlin",
        "dimensions": ["scan:placement"],
        "filters": [["is", "code:tag", ["poster"]]],
        "kinds": ["human"],
        "compare": ["2026-05-08", "2026-05-14"],
        "order_by": [["scans", "desc"]],
        "include": {"time_labels": False, "total_rows": False, "remainder": True},
        "pagination": {"limit": 1, "cursor": None},
    },
}
QUERY_SCHEMA = {
    "metrics": [{"name": "scans", "description": "How many scans."}],
    "dimensions": [
        {"name": "scan:country", "description": "Two letters (ISO 3166-1).", "filterable": True, "multiple": False}
    ],
    "operators": [{"name": "is", "description": "One of the values."}],
    "junctions": [{"name": "and", "description": "All of the filters."}],
    "date_ranges": [{"name": "today", "description": "The day so far."}],
    "comparisons": [{"name": "year_over_year", "description": "The same days a year before."}],
    "kinds": ["human", "bot", "preview", "prefetch"],
    "outcomes": ["redirect", "page"],
    "bounds": {
        "dimensions": 3,
        "breakdowns": 12,
        "filters": 100,
        "depth": 5,
        "values": 1000,
        "texts": 50,
        "limit": 10000,
        "scans_read": 100000000,
        "groups": 250000,
    },
}
NEW_REPORT = {
    "name": "Posters by week",
    "query": {"metrics": ["scans"], "date_range": "28d", "dimensions": ["time:week"]},
}
REPORT = {
    "id": "9b1f7c1e-5a0f-4f57-9a52-6f3f6a1f7f10",
    **NEW_REPORT,
    "created_at": "2026-05-21T15:00:00Z",
    "updated_at": "2026-05-21T15:00:00Z",
}
REPORTS = {"reports": [REPORT]}
NEW_WEBHOOK = {"url": "https://shop.example.com/hooks/waymark", "events": ["scan", "code.created"], "label": "Shop"}
WEBHOOK = {
    "id": "5b0a7c52-94ab-4e3c-8a41-0b6c6c3b9d10",
    "url": "https://shop.example.com/hooks/waymark",
    "label": "Shop",
    "events": ["scan", "code.created"],
    "status": "active",
    "batch_size": 100,
    "batch_wait_s": 1,
    "filters": [["is", "code:tag", ["poster"]]],
    "kinds": ["human"],
    "format": "json",
    "thresholds": [
        {
            "report_id": "2f1d6a0e-5b1c-4c0e-9a52-6f3f6a1f7f10",
            "metric": "scans",
            "above": 1000,
            "below": None,
            "id": "9d2b7c1e-0a4f-4e0d-8a41-0b6c6c3b9d10",
        }
    ],
    "schedules": [
        {
            "report_id": "2f1d6a0e-5b1c-4c0e-9a52-6f3f6a1f7f10",
            "every": "week",
            "hour": 8,
            "weekday": 1,
            "day": 1,
            "timezone": "Europe/Berlin",
            "id": "c1b6a7d2-7a4f-4e0d-8a41-0b6c6c3b9d10",
        }
    ],
    "created_at": "2026-05-21T15:00:00.250Z",
    "updated_at": "2026-05-21T15:00:00.250Z",
    "stopped_at": None,
    "failing_since": None,
    "pending": 1,
    "dead": 0,
    "dropped": 0,
    "scans_missed_at": None,
    "problem": None,
}
WEBHOOK_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDbX0k1mTsQ2A="  # noqa: S105
DELIVERY = {
    "id": "000000000001",
    "webhook_id": "evt_4be1c9a5b1f2a14fb0c1c0f5a3d1f0e2b9c8d7e6",
    "type": "code.created",
    "status": "pending",
    "created_at": "2026-05-21T15:00:00.250Z",
    "attempts": 1,
    "last_attempt_at": "2026-05-21T15:00:00.400Z",
    "next_attempt_at": "2026-05-21T15:00:05.900Z",
    "ended_at": None,
    "response_status": 503,
    "failure": "status",
}

DESIGN = {"style": {"shape": "rounded", "color": "#0f5f55", "frame": {"caption": "Scan me"}}}

DESIGN_PREVIEW = {
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="512" height="589" viewBox="0 0 39.59 45.88">…</svg>',
    "width": 39.59,
    "modules": 29,
    "error_correction": "M",
    "reserve": 0.08,
}

NEW_STYLE = {"name": "House colours", "style": {"shape": "rounded", "finder": "circle", "color": "#0f5f55"}}

STYLE = {
    "id": "8b0f2f3a-0c0e-4b8e-8f0c-5a1d2e3f4a5b",
    **NEW_STYLE,
    "created_at": "2026-05-21T15:00:00Z",
    "updated_at": "2026-05-21T15:00:00Z",
}

STYLES = {"styles": [STYLE]}

SHEET = {"codes": ["0b6f0a52-3c2b-4c43-9a50-3f0f5d2a7e11"], "width_mm": 50, "paper": "a4"}
