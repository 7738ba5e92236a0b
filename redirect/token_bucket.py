"""A token bucket, to limit a rate."""

from collections.abc import Callable


class TokenBucket:
    """Fills with `rate` tokens a second and holds one second's worth."""

    def __init__(self, rate: float, elapsed: Callable[[], float]) -> None:
        self._rate = rate
        self._elapsed = elapsed
        self._left = rate
        self._at = elapsed()

    def take(self) -> bool:
        now = self._elapsed()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
