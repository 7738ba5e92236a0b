"""What an import did, entry by entry, as a table for people or JSON for programs."""

import csv
from collections.abc import Iterable
from pathlib import Path

import msgspec

from codes.cells import harmless
from codes.importing.importer import Outcome

COLUMNS = ("entry", "outcome", "slug", "destination", "id", "reason", "left out")


def write(path: Path, outcomes: Iterable[Outcome]) -> None:
    """JSON where the name ends so, else CSV. Raises OSError."""
    if path.suffix.lower() == ".json":
        path.write_bytes(msgspec.json.format(msgspec.json.encode(list(outcomes)), indent=2) + b"\n")
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for one in outcomes:
            cells = (one.outcome, one.slug, one.destination, one.id, one.reason, ", ".join(one.left_out))
            table.writerow([one.entry, *map(harmless, cells)])
