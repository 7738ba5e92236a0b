"""Examples of what `/v1` says about one code: a scan that is tried, its history, and a page that is previewed."""

TESTED_SCAN = {"at": "2026-05-24T07:00:00Z", "country": "FR", "city": "Paris", "device": "mobile", "os": "iOS"}

TEST_ANSWER = {
    "at": "2026-05-24T07:00:00Z",
    "outcome": "redirect",
    "status": 302,
    "location": "https://example.com/spring-launch?utm_source=poster",
    "decided_by": "destination",
    "rule": None,
    "variant": None,
    "rules": [
        {
            "id": "6d0f5f0e-4d2f-4b3d-9a3b-6c1d6f1c2f11",
            "key": "a",
            "label": None,
            "to": "https://example.com/spring-launch/app",
            "result": "does_not_hold",
            "match": "all",
            "conditions": [{"condition": "country", "holds": False}, {"condition": "device", "holds": True}],
        }
    ],
    "variants": [],
}

HISTORY = {
    "edits": [
        {
            "at": "2026-05-24T09:12:40.250Z",
            "by": {"key_id": "2c9e3b77-1f0e-4b57-9a52-6f3f6a1f7f10", "name": "first key", "session": True},
            "changes": [
                {
                    "field": "destination",
                    "old": "https://example.com/spring",
                    "new": "https://example.com/spring-launch",
                    "kept": True,
                }
            ],
        }
    ],
    "next_cursor": None,
    "created": {
        "at": "2026-05-21T15:00:00Z",
        "key_id": "2c9e3b77-1f0e-4b57-9a52-6f3f6a1f7f10",
        "name": "first key",
    },
}

PAGE_DRAFT = {
    "type": "landing_page",
    "content": {"landingPageContent": {"title": "The allotment newsletter", "buttonUrl": "example"}},
    "page_design": {"theme": "forest"},
}

PAGE_PREVIEW = {
    "html": "<!doctype html><html>…</html>",
    "problem": {
        "field": "content.landingPageContent.buttonUrl",
        "message": "content.landingPageContent.buttonUrl must be an address that starts with http:// or https://",
    },
}
