"""The check of a line, made again by the warehouse from the columns of its row.

The redirectors write lines that read as the engine's own JSON of the row does: whole degrees without decimals, and no
character that JSON has two ways to write (`redirect.request_fields`).
"""

from schemas.event import EVENT_COLUMNS

_VALUES = ", ".join("toUnixTimestamp64Milli(ts)" if name == "ts_ms" else name for name in EVENT_COLUMNS)

# An expression over the columns of `scans`; send the settings with the query. The bytes before the last comma of the
# line are the row's array without its closing bracket.
LINE_CHECK = f"xxh3(trimRight(toJSONString(tuple({_VALUES})), ']'))"

# A source's digest: `sum` wraps around at 2**64, as a digest does.
DIGEST = f"sum({LINE_CHECK})"

SETTINGS: dict[str, object] = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    "output_format_json_escape_forward_slashes": 0,
    "output_format_json_named_tuples_as_objects": 0,
    "enable_named_columns_in_function_tuple": 0,
}
