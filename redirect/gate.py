"""The password before a code: a form in the code's own place, and a signed cookie for whoever has passed."""

from collections.abc import Mapping

import pages
from redirect import cookie
from redirect.asgi import Receive
from redirect.cookie import Secret
from redirect.ending import Ending, showing
from redirect.form import BadForm, is_foreign, password
from redirect.line import Seen
from redirect.password import Passwords
from redirect.tries import WINDOW_S, Tries

NAME = b"wm-gate"
# With the stricter policy of other pages a browser would not say that the form came from here.
_ORIGIN_SHOWN = (b"referrer-policy", b"same-origin")


def _form(state: str, status: int, *more: tuple[bytes, bytes]) -> Ending:
    page = {"ask": pages.gate("ask"), "wrong": pages.gate("wrong"), "wait": pages.gate("wait")}[state]
    kept = tuple(header for header in page.headers if header[0] != _ORIGIN_SHOWN[0])
    return showing(pages.Page(page.body, (*kept, _ORIGIN_SHOWN)), "gate", status, *more)


ASK = _form("ask", 200)
FOREIGN = _form("ask", 403)
WRONG = _form("wrong", 403)
WAIT = _form("wait", 429, (b"retry-after", b"%d" % WINDOW_S))


class Gate:
    """Every method may raise Away or Refused when Redis cannot say, and `entered` Busy."""

    def __init__(self, secret: Secret, tries: Tries, passwords: Passwords, *, own_host: str, pass_s: int) -> None:
        self._secret = secret
        self._tries = tries
        self._passwords = passwords
        self._own_host = own_host
        self._pass_s = pass_s

    async def has_passed(self, birth: int, kept: str, headers: Mapping[bytes, bytes], now_s: float) -> bool:
        """Whether a cookie says so: one of this code and of this password, so that a new password asks everybody."""
        values = cookie.values_of(headers.get(b"cookie"), NAME)
        if not values:
            return False
        secret = await self._secret.get()
        return cookie.read(secret, NAME, birth, kept.encode(), values, now_s) is not None

    async def refusal(
        self, birth: int, kept: str, seen: Seen, headers: Mapping[bytes, bytes], receive: Receive
    ) -> Ending | None:
        """What a form that was sent is answered with unless it holds the right password. For a code without one
        (`kept` is empty) and for no code at all (birth 0), that is what a wrong password gets, and as late."""
        if is_foreign(headers, self._own_host):
            return FOREIGN
        try:
            given = await password(headers, receive)
        except BadForm as bad:
            return _form("wrong", bad.status)
        who = self._tries.who(seen[2], birth, seen[0])
        if not await self._tries.take(birth, who):
            return WAIT
        if not await self._passwords.are_right(kept, given):
            return WRONG
        self._tries.give_back(birth, who)
        return None

    async def pass_for(self, birth: int, kept: str, path: str, now_s: float, *, secure: bool) -> tuple[bytes, bytes]:
        """The cookie."""
        value = cookie.signed(await self._secret.get(), NAME, birth, kept.encode(), "in", int(now_s) + self._pass_s)
        return cookie.set_cookie(NAME, value, path=path, max_age_s=self._pass_s, secure=secure)
