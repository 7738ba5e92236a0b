"""Check for memory leaks: `waymark up` under a steady load of scans and analytics queries."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec
import psutil
import requests

from bench import stack
from bench.figures import Figure, Say, figure
from bench.machine import resident_mb
from harness.launcher import ROOT

NAME = "soak"


class Size(msgspec.Struct, frozen=True):
    """How long, how often memory is looked at, and how many codes are scanned how often."""

    seconds: float
    every_s: float
    codes: int
    scans_per_s: int


FULL = Size(seconds=600, every_s=5, codes=20, scans_per_s=400)
TINY = Size(seconds=3, every_s=0.5, codes=2, scans_per_s=20)


def measure(size: Size, say: Say) -> Iterator[Figure]:
    seen: dict[str, list[float]] = {}
    with stack.running() as up:
        headers = {"Authorization": f"Bearer {up.key}"}
        codes = [up.create(f"https://www.example.com/{number}") for number in range(size.codes)]
        services = _services(up.process)
        every = str(size.codes / size.scans_per_s)
        command = [sys.executable, "-m", "bench.client", str(up.redirect_port), "--every", every, "--path"]
        feeds = [subprocess.Popen([*command, f"/{code['slug']}"], cwd=ROOT) for code in codes]
        try:
            began = time.monotonic()
            turn = 0
            while time.monotonic() - began < size.seconds:
                code = codes[turn % len(codes)]
                at = f"{up.api}/v1/dynamic/{code['id']}"
                # On a connection each: one that is kept may close at the very moment at which it is used again.
                requests.get(f"{at}/scans", headers=headers, timeout=30).raise_for_status()
                requests.patch(at, json={"label": f"{turn}"}, headers=headers, timeout=30).raise_for_status()
                turn += 1
                for service, pid in services.items():
                    seen.setdefault(service, []).append(resident_mb(pid))
                say(f"{time.monotonic() - began:.0f} of {size.seconds:.0f} s")
                time.sleep(size.every_s)
            if any(feed.poll() is not None for feed in feeds):
                raise RuntimeError("some of the scans ended early")
        finally:
            for feed in feeds:
                feed.terminate()
            for feed in feeds:
                feed.wait(10)
    for service, memory in seen.items():
        yield figure(NAME, f"{service}: memory", memory, "MB")
        # Caches fill for a while after a start, so the second third is what the last is compared with.
        third = max(1, len(memory) // 3)
        growth = statistics.median(memory[-third:]) / statistics.median(memory[third : 2 * third] or memory)
        yield figure(
            NAME, f"{service}: memory of the last third against that of the second", [growth], "×", at_most=1.1
        )


def _services(parent: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for child in psutil.Process(parent).children(recursive=True):
        words = child.cmdline()
        for service in ("redirect", "core", "redis-server"):
            if any(service in word for word in words[:6]):
                found.setdefault(service, child.pid)
    return found
