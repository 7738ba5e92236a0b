"""Answers of `/v1/query` for the page of `waymark stats`, without a Waymark."""

from datetime import date, timedelta
from typing import Any

from waymark.stats.view import Stats

FIRST, LAST = date(2026, 4, 24), date(2026, 5, 21)
META: dict[str, Any] = {
    "exact": True,
    "complete_until": "2026-05-21T15:00:00.250Z",
    "source": "rollup",
    "total_rows": None,
    "time_labels": None,
    "overlapping": [],
    "next_cursor": None,
    "codes": {},
}
# Quiet at first, three loud weekends at the end.
DAYS = [3, 4, 9, 8, 2, 2, 3, 4, 5, 12, 11, 3, 2, 4, 5, 6, 21, 19, 4, 3, 5, 6, 9, 34, 31, 6, 5, 8]
BEFORE = [2, 2, 6, 7, 1, 2, 1, 3, 4, 8, 7, 2, 2, 3, 3, 5, 9, 8, 3, 2, 3, 4, 4, 9, 8, 3, 2, 4]


def row(dimensions: list[Any], metrics: list[Any], then: list[Any] | None = None) -> dict[str, Any]:
    if then is None:
        return {"dimensions": dimensions, "metrics": metrics, "comparison": None}
    change = [
        round((now - was) / was * 100, 1) if isinstance(now, int | float) and was else None
        for now, was in zip(metrics, then, strict=True)
    ]
    return {
        "dimensions": dimensions,
        "metrics": metrics,
        "comparison": {"dimensions": dimensions, "metrics": then, "change": change},
    }


def answer(rows: list[Any], *dimensions: str, compare: bool = True, remainder: Any = None, **meta: Any) -> Any:
    query = {
        "date_range": [FIRST.isoformat(), LAST.isoformat()],
        "timezone": "Europe/Berlin",
        "dimensions": list(dimensions),
        "compare": ["2025-04-24", "2025-05-21"] if compare else None,
    }
    return {"results": rows, "remainder": remainder, "meta": META | meta, "query": query}


def posters() -> Stats:
    """28 days of posters, beside those of the year before."""
    total, before = sum(DAYS), sum(BEFORE)
    last = "2026-05-21T14:58:00.000Z"
    places = [("window", 93, 41), ("bus stop", 71, 40), ("door", 38, 30), ("", 17, 4)]
    return Stats(
        about="tag poster",
        total=answer([row([], [total, total - 21, last], [before, before - 12, "2025-05-21T18:00:00.000Z"])]),
        series=answer(
            [
                row([(FIRST + timedelta(days=at)).isoformat()], [now], [then])
                for at, (now, then) in enumerate(zip(DAYS, BEFORE, strict=True))
            ],
            "time:day",
        ),
        breakdown=answer(
            [row([name], [n, n / total], [then, then / before]) for name, n, then in places],
            "scan:placement",
            remainder=row([], [15, 15 / total], [2, 2 / before]),
            total_rows=11,
        ),
    )
