"""Examples in the documentation of `/api/qr`; a test compares their fields with real answers."""

CODE = {
    "id": "Ab3xK9pQ",
    "type": "dynamic",
    "dataType": "url",
    "destination": "https://example.com/spring",
    "redirectUrl": "http://localhost:8001/r/Ab3xK9pQ",
    "status": "active",
    "encrypted": False,
    "secure": [],
    "createdAt": "2026-05-21T15:00:00.000Z",
    "updatedAt": "2026-05-21T15:00:00.000Z",
}
NEW = {"data": "https://example.com/spring", "dataType": "url", "returnType": "png"}
UPDATE = {"destination": "https://example.com/spring-v2"}
PAGE = {"data": [CODE], "pagination": {"total": 42, "limit": 1, "cursor": "0", "nextCursor": "1"}}
ANALYTICS = {
    "id": CODE["id"],
    "days": 2,
    "totalScans": 1840,
    "windowScans": 81,
    "series": [{"date": "2026-05-20", "scans": 0}, {"date": "2026-05-21", "scans": 81}],
    "countries": [{"country": "GB", "scans": 71}, {"country": "Unknown", "scans": 10}],
}
NEW_STATIC = {"data": "https://example.com", "dataType": "url", "returnType": "svg"}
STATIC = {
    "type": "static",
    "dataType": "url",
    "format": "svg",
    "image": '<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 33 33">…</svg>',
}
BULK = [{"data": "https://example.com/a"}, {"data": "https://example.com/b"}]
ACCEPTED = {"bulkId": "7c2f4f5e-7a0b-4a41-9f1c-5f7f8f0a6b11"}
STATUS = {"bulkId": ACCEPTED["bulkId"], "status": "processing", "total": 2, "completed": 1, "failed": 0}
