"""How times are written: whole seconds, in UTC."""

from datetime import datetime

from codes import timestamps


def second(at_ms: int) -> str:
    """`2026-05-21T15:00:00Z`"""
    return timestamps.format_ms(at_ms // 1000 * 1000)


def second_of(at: datetime) -> str:
    return second(round(at.timestamp() * 1000))
