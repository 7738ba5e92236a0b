"""How much one question may ask. What would be more is refused with the field to change."""

import msgspec

DIMENSIONS = 3
BREAKDOWNS = 12
# Conditions of all filters together, how deep they nest, the values of one condition.
CONDITIONS = 100
DEPTH = 5
VALUES = 1_000
# Each text or pattern is looked for in every value, so of these there are fewer.
SEARCHES = 50
VALUE_LENGTH = 4_096
PATTERN_LENGTH = 500
# Rows of one page.
LIMIT = 10_000
# Parts that time is cut into; a year has 8,784 hours.
BUCKETS = 10_000
# Days from the first to the last.
DAYS = 40_000


class Bounds(msgspec.Struct, frozen=True):
    """What one question of this workspace may cost: raw scans read, and groups (times the parts of time they are
    filled up to)."""

    rows_read: int = 100_000_000
    groups: int = 250_000


BOUNDS = Bounds()
