"""Wait for the first of several events."""

import asyncio


async def first_event(*events: asyncio.Event, within_s: float | None = None) -> None:
    """Return when one is set, or the time is over."""
    if any(event.is_set() for event in events):
        return
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
