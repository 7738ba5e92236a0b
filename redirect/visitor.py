"""A number for who scanned what on which day: the same for the same scanner, code and day, and
worth nothing once the day's salt is gone."""

import hashlib
from collections.abc import Callable
from typing import Protocol

MS_OF_DAY = 86_400_000
SALT_BYTES = 16


class Hasher(Protocol):
    def copy(self) -> "Hasher": ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


def keyed(salt: bytes) -> Hasher:
    hasher: Hasher = hashlib.blake2b(key=salt, digest_size=8)
    return hasher


def visitor(hasher: Hasher, address: bytes, agent_digest: bytes, code: bytes) -> int:
    """Below 2**63. The parts have fixed lengths (16, 16, 8), so no two ways of filling them meet."""
    own = hasher.copy()
    own.update(address + agent_digest + code)
    return int.from_bytes(own.digest(), "little") >> 1


class Salts:
    """The salts of today and tomorrow, by day number since 1970. A day without one gets a random
    one that only this process knows, until `put` brings the shared one."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._hashers: dict[int, Hasher] = {}
        self._shared: set[int] = set()
        # What visits of `day` are hashed with. Nobody else keeps it: with its day it is gone.
        self.day = -1
        self.current = keyed(random_bytes(SALT_BYTES))

    def begin(self, day: int) -> None:
        """Makes this the current day."""
        self.current = self.hasher(day)
        self.day = day

    def hasher(self, day: int) -> Hasher:
        """For a visit now; what was before that day is forgotten."""
        self.forget_before(day)
        found = self._hashers.get(day)
        if found is None:
            found = self._hashers[day] = keyed(self._random_bytes(SALT_BYTES))
        return found

    def put(self, day: int, salt: bytes) -> None:
        if day not in self._shared:
            self._hashers[day] = keyed(salt)
            self._shared.add(day)
            if day == self.day:
                self.current = self._hashers[day]

    def has_shared(self, day: int) -> bool:
        return day in self._shared

    def forget_before(self, today: int) -> None:
        """Without its salt, nobody can ask again who scanned what on a past day."""
        for past in [day for day in self._hashers if day < today]:
            del self._hashers[past]
            self._shared.discard(past)
