"""Whoever guesses keys learns of one a second; whoever has one is not held up."""

import pytest
from starlette.requests import Request

from api.problems import Problem
from api.wrong_keys import BURST, WrongKeys, address, networks
from tests.api.service import Service

PROXIES = networks(("127.0.0.0/8", "::1", "cloudflare"))


def request(client: str, forwarded: str | None = None) -> Request:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers, "client": (client, 1)})


class Slept:
    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)

    def clock(self) -> float:
        return self.now


async def guess(keys: WrongKeys, at: Request, digest: str, *, right: bool = False) -> None:
    await keys.turn(at, digest)
    keys.found(at, digest, right=right)


async def test_the_next_guess_waits_and_then_is_refused() -> None:
    slept = Slept()
    keys = WrongKeys(clock=slept.clock, sleep=slept)
    at = request("203.0.113.1")
    for n in range(BURST):
        await guess(keys, at, str(n))
    assert slept.waits == []
    for n in range(5):
        await guess(keys, at, f"later {n}")
    assert slept.waits == [1, 2, 3, 4, 5]
    for _ in range(3):
        with pytest.raises(Problem) as refused:
            await keys.turn(at, "too many")
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "6")
    # Another address is another matter; and time heals.
    await guess(keys, request("203.0.113.2"), "another")
    slept.now += 6
    await guess(keys, at, "a while later")
    assert slept.waits == [1, 2, 3, 4, 5]


async def test_a_key_that_works_is_not_held_up() -> None:
    slept = Slept()
    keys = WrongKeys(clock=slept.clock, sleep=slept)
    at = request("203.0.113.1")
    await guess(keys, at, "ours", right=True)
    for n in range(BURST + 5):
        await guess(keys, at, str(n))
    waited = len(slept.waits)
    # Nor is one that was wrong before: to say it again is no guess.
    for digest in ("ours", "0"):
        await guess(keys, at, digest, right=digest == "ours")
    assert len(slept.waits) == waited
    # Right ones cost nothing.
    fresh = request("203.0.113.9")
    for n in range(2 * BURST):
        await guess(keys, fresh, f"right {n}", right=True)
    assert len(slept.waits) == waited


@pytest.mark.parametrize(
    ("client", "forwarded", "found"),
    [
        ("203.0.113.1", None, "203.0.113.1"),
        ("203.0.113.1", "198.51.100.7", "203.0.113.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.7, 127.0.0.2", "198.51.100.7"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "nonsense", "nonsense"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_whose_guess_it_is(client: str, forwarded: str | None, found: str) -> None:
    assert address(request(client, forwarded), PROXIES) == found


async def test_in_every_api(api: Service) -> None:
    """A hundred wrong keys from one address, and then one that works."""
    slept = Slept()
    api.context.wrong_keys.__init__(clock=slept.clock, sleep=slept)  # type: ignore[misc]
    paths = ("/v1/dynamic", "/api/v1/dynamic/", "/api/qr/codes", "/api/public/v1/qrcodes")
    statuses = []
    for n in range(BURST + 8):
        headers = {"Authorization": f"Bearer oqr_live_wrong{n}"}
        statuses.append((await api.anonymous.get(paths[n % 4], headers=headers)).status_code)
    assert statuses == [401] * (BURST + 5) + [429] * 3
    token = await api.anonymous.post("/api/v1/token/", json={"api_key": "oqr_live_another"})
    assert token.status_code == 429 and token.json()["detail"].startswith("too many wrong keys")
    header = {"X-API-Key": "oqr_live_other"}
    assert (await api.anonymous.get("/api/public/v1/qrcodes", headers=header)).status_code == 429
