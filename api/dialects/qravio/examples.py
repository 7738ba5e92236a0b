"""Examples in the documentation of Qravio's API; a test compares their fields with real answers."""

CODE = {
    "id": "9f8b2c1a-1234-4d5e-8f90-abc123def456",
    "workspace_id": "11111111-1111-1111-1111-111111111111",
    "name": "Spring campaign",
    "type": "website",
    "category": "dynamic",
    "short_code": "Ab3X9z",
    "status": "active",
    "folder_id": None,
    "custom_domain_id": None,
    "ab_enabled": False,
    "is_password_protected": False,
    "destinations": [
        {
            "id": "22222222-2222-2222-2222-222222222222",
            "target_url": "https://example.com/spring",
            "weight": 100,
            "is_active": True,
            "label": "Landing",
            "variant_key": "a",
            "rules": None,
        }
    ],
    "design": None,
    "page_design": None,
    "content": {"url": "https://example.com/spring"},
    "total_scans": 1240,
    "created_by": "33333333-3333-3333-3333-333333333333",
    "created_at": "2026-06-22T10:15:00Z",
    "updated_at": "2026-06-22T10:15:00Z",
}
NEW = {
    "name": "Spring campaign",
    "type": "website",
    "category": "dynamic",
    "content": {"url": "https://example.com/spring"},
    "destinations": [{"target_url": "https://example.com/spring"}],
}
EDIT = {"name": "Summer campaign", "status": "active"}
ANALYTICS = {
    "total_scans": 1240,
    "unique_scans": 980,
    "scans_today": 42,
    "wow_change": 12.5,
    "daily_scans": [{"date": "2026-06-21", "scans": 58}, {"date": "2026-06-22", "scans": 42}],
    "scans_by_device": {"mobile": 900, "tablet": 60, "desktop": 270, "bot": 10},
    "scans_by_country": {"US": 720, "IN": 310, "GB": 95},
    "last_scanned_at": "2026-06-22T11:02:00Z",
}
