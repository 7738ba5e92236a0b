"""The report of an import, entry by entry: a table for people, or JSON for programs."""

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from codes.csv_safety import escape_formulas
from codes.importing.importer import Outcome

COLUMNS = ("entry", "outcome", "slug", "aliases", "destination", "id", "reason", "left out")


def counts(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Count the entries that each thing was left out of, by its name."""
    return Counter(what for one in outcomes for what in {lost.what for lost in one.left_out})


def write(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write JSON if the name ends in .json, else CSV. Raises OSError."""
    if path.suffix.lower() == ".json":
        path.write_bytes(msgspec.json.format(msgspec.json.encode(list(outcomes)), indent=2) + b"\n")
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for one in outcomes:
            lost = "; ".join(map(str, one.left_out))
            cells = (one.outcome, one.slug, " ".join(one.aliases), one.destination, one.id, one.reason, lost)
            table.writerow([one.entry, *map(escape_formulas, cells)])
