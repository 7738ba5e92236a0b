"""Whether few enough tests failed in the last run to try them again alone: `python -m tests.few_failed` says which, and
exits with 0 if so."""

import json
import sys
from pathlib import Path

MOST = 5
LIST = Path(".pytest_cache/v/cache/lastfailed")


def main() -> int:
    failed = list(json.loads(LIST.read_text())) if LIST.exists() else []
    print(f"{len(failed)} failed:", *failed, sep="\n  ")
    return 0 if 0 < len(failed) <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
