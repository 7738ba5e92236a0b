"""An LRU cache of rendered pictures, by what they were made of."""

import hashlib
import threading
from collections import OrderedDict

from qr import render_pool

MAX_BYTES = 64 * 1024 * 1024


def cache_key(job: render_pool.RenderJob) -> bytes:
    """Equal for jobs that render the same picture."""
    return hashlib.blake2b(render_pool.encode(job), digest_size=20).digest()


class Cache:
    """Bounded by bytes; evicts the least recently used. Thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: bytes) -> bytes | None:
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def put(self, name: bytes, picture: bytes) -> None:
        with self._lock:
            self._bytes += len(picture) - len(self._kept.pop(name, b""))
            self._kept[name] = picture
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1])

    @property
    def size(self) -> int:
        return self._bytes
