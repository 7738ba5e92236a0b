"""Protect a code with a password: a form at the code's address, and a signed cookie once it is passed.

The cookie grants access for `pass_s`. After that it still proves that the visitor once knew the password: they are
asked again, but do not queue with those who guess.
"""

from collections.abc import Callable, Mapping

import pages
from decisions.response import Response, notice_response
from redirect import signed_cookies
from redirect.asgi import Receive
from redirect.password_gate.form import BadForm, is_foreign, password
from redirect.password_gate.guess_limits import GuessLimits, name_of_cookie
from redirect.password_gate.password_check import PasswordChecker
from redirect.password_gate.queue import GuessQueue
from redirect.signed_cookies import Secret
from redirect.token_bucket import TokenBucket

NAME = b"wm-gate"
KNOWN_S = 30 * 86_400
# Rate of password checks for forms sent to codes without a password or to unknown slugs: a check costs 25 ms of a core.
NOBODYS_PER_S = 5.0


def _form(state: pages.Kind, status: int, *more: tuple[bytes, bytes]) -> Response:
    return notice_response(state, "gate", status, *more)


ASK = _form("ask", 200)
FOREIGN = _form("ask", 403)
WRONG = _form("wrong", 403)


def _wait(milliseconds: float) -> Response:
    return _form("wait", 429, (b"retry-after", b"%d" % max(1, -(-int(milliseconds) // 1000))))


class Gate:
    """The password check of codes. Every method may raise Away or Refused when Redis cannot answer; `refusal` also
    Busy."""

    def __init__(
        self, secret: Secret, tries: GuessLimits, *, own_host: str, pass_s: int, elapsed: Callable[[], float]
    ) -> None:
        self._secret = secret
        self._tries = tries
        self._queue = GuessQueue(tries)
        self._passwords = PasswordChecker("password", threads=2)
        # A separate checker, so that floods at unknown slugs do not delay real codes.
        self._nobodys = PasswordChecker("nobodys-password", threads=1)
        self._nobodys_allowance = TokenBucket(NOBODYS_PER_S, elapsed)
        self._own_host = own_host
        self._pass_s = pass_s

    async def has_passed(self, birth: int, kept: str, headers: Mapping[bytes, bytes], now_s: float) -> bool:
        """Whether a cookie of this code and this password grants access. A new password invalidates all cookies."""
        said = await self._said(birth, kept, headers, now_s)
        until = said.removeprefix("in-") if said is not None else ""
        return until.isdecimal() and int(until) > now_s

    async def _said(self, birth: int, kept: str, headers: Mapping[bytes, bytes], now_s: float) -> str | None:
        values = signed_cookies.values_of(headers.get(b"cookie"), NAME)
        if not values:
            return None
        secret = await self._secret.get()
        return signed_cookies.verify(secret, NAME, birth, kept.encode(), values, now_s)

    async def refusal(
        self, birth: int, kept: str, address: bytes, at_ms: int, headers: Mapping[bytes, bytes], receive: Receive
    ) -> Response | None:
        """The answer to a submitted form, unless it holds the right password. A code without a password (`kept` is
        empty) and an unknown code (birth 0) get the answer to a wrong password, after the same time."""
        if is_foreign(headers, self._own_host):
            return FOREIGN
        try:
            given = await password(headers, receive)
        except BadForm as bad:
            return _form("wrong", bad.status)
        if not kept:
            return await self._unknown_refusal(given, address, at_ms)
        said = await self._said(birth, kept, headers, at_ms / 1000)
        known = said is not None
        names = self._tries.names(address, birth, at_ms) if said is None else name_of_cookie(said)
        verdict = await self._tries.take(birth, names, by_all=not known)
        if verdict.queued:
            verdict = await self._queue.turn(birth, names, failed=verdict.failed)
        if not verdict.may:
            return _wait(verdict.wait_ms)
        if not await self._passwords.are_right(kept, given, known=known):
            return WRONG
        self._tries.give_back(birth, names)
        self._queue.wake_next(birth)
        return None

    async def _unknown_refusal(self, given: str, address: bytes, at_ms: int) -> Response:
        if not self._nobodys_allowance.take():
            return _wait(1000)
        verdict = await self._tries.take(0, self._tries.names(address, 0, at_ms), by_all=False)
        if not verdict.may:
            return _wait(verdict.wait_ms)
        await self._nobodys.are_right("", given)
        return WRONG

    async def pass_for(self, birth: int, kept: str, path: str, now_s: float, *, secure: bool) -> tuple[bytes, bytes]:
        """The Set-Cookie header that grants access."""
        said, until_s = f"in-{int(now_s) + self._pass_s}", int(now_s) + max(KNOWN_S, self._pass_s)
        value = signed_cookies.sign(await self._secret.get(), NAME, birth, kept.encode(), said, until_s)
        return signed_cookies.set_cookie(NAME, value, path=path, max_age_s=until_s - int(now_s), secure=secure)

    def waiting(self) -> int:
        """How many visitors are queued, over all codes."""
        return len(self._queue)

    async def close(self) -> None:
        await self._queue.close()
        self._passwords.close()
        self._nobodys.close()
