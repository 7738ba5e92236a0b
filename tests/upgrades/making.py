"""Make the fixtures of this version: `python -m tests.upgrades.making` (or `make upgrade-fixtures`).

Codes of each kind and scans of them; some are stored, some are on the way when everything is killed, and a code with
scans is deleted. Once with the journal as the bus, once with Kafka.
"""

import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drill import kafka
from infra.version import VERSION
from tests.upgrades.fixture import BROKER, DATA, Manifest, pack, settings
from tests.waymark.running import Up, end, wait_for

WEB, OTHER = "https://example.com/web", "https://example.com/other"
PAST, FUTURE = (str(datetime.now(UTC) + timedelta(days=days)) for days in (-1, 36500))
CODES: dict[str, dict[str, Any]] = {
    "plain": {"label": "Plain", "tags": ["print"], "aliases": ["plain-too"]},
    "ruled": {"rules": [{"if": {"device": "mobile"}, "to": OTHER}]},
    "varied": {"variants": [{"url": WEB}, {"url": OTHER}]},
    "asked": {"query": "append", "utm": {"source": "poster"}},
    "paused": {"status": "paused"},
    "over": {"expires_at": PAST},
    "early": {"starts_at": FUTURE},
    "few": {"scan_limit": 3},
    "locked": {"password": "open sesame"},
    "gone": {},
}
PATHS = [*(slug for slug in CODES if slug != "gone"), "plain-too", "q/plain/", "r/plain?p=window", "page", "never"]
# So often each is scanned before and after the store stands still.
ROUNDS = (4, 2)


def fill(up: Up, stopped: bool = False) -> Manifest:
    codes = {slug: up.create(WEB, slug=slug, **more) for slug, more in CODES.items()}
    status, codes["page"] = up.call(
        "POST", "/v1/dynamic", {"slug": "page", "type": "text", "content": {"text": "Hello"}}
    )
    assert status == 201, codes["page"]
    _others(up)
    scans: Counter[str] = Counter()
    answers: dict[str, list[tuple[int, str]]] = {}

    def scan(rounds: int) -> None:
        for path in PATHS * rounds:
            # The last answers are what holds: a limit is used up by then.
            answers[path] = [up.scan(path)]
            scans[path] += 1

    for _ in range(5):
        up.scan("gone")
    scan(ROUNDS[0])
    given = scans.total() + 5
    wait_for(lambda: up.audit()["stored"] == given, what="everything is stored")
    assert up.call("DELETE", f"/v1/dynamic/{codes['gone']['id']}")[0] == 200
    wait_for(lambda: up.audit()["stored"] == given - 5, what="the deleted code's scans are erased")
    # From here on nothing is stored.
    for process in up.child("core"):
        process.send_signal(signal.SIGSTOP)
    scan(ROUNDS[1])
    end(up)
    return Manifest(
        answers=answers | {"varied": [(302, WEB), (302, OTHER)]},
        scans=scans.total() + 5,
        erased=5,
        totals={
            codes["plain"]["id"]: sum(scans[path] for path in ("plain", "plain-too", "q/plain/", "r/plain?p=window"))
        },
    )


def _others(up: Up) -> None:
    """What else Redis keeps."""
    for path, body in (
        ("/v1/folders", {"name": "Spring"}),
        ("/v1/domains", {"domain": "go.example.com"}),
        ("/v1/keys", {"name": "Till", "scope": "read"}),
        ("/v1/webhooks", {"url": "https://hooks.example.com/x", "events": ["code.created"]}),
    ):
        status, said = up.call("POST", path, body)
        assert status == 201, (path, said)


@contextmanager
def begun(folder: Path, *, broker: bool) -> Iterator[Up]:
    with ExitStack() as entered:
        server = entered.enter_context(kafka.running(folder / BROKER)) if broker else None
        up = Up(folder, workers=1, **settings(server))
        assert up.data == folder / DATA
        entered.callback(end, up)
        up.start()
        yield up


def main() -> None:
    for name in ("journal", "kafka"):
        with tempfile.TemporaryDirectory(prefix="wm-fixture-") as made:
            folder = Path(made)
            with begun(folder, broker=name == "kafka") as up:
                manifest = fill(up)
            pack(f"{VERSION}/{name}", folder, manifest)
            print(f"{VERSION}/{name}: {manifest.scans} scans")


if __name__ == "__main__":
    main()
