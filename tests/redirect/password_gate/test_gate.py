"""The password form: who passes, who may try, and what nobody learns."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from codes import passwords
from redirect.password_gate import guess_limits, password_check
from redirect.signed_cookies import sign, verify
from schemas import keys
from schemas.scan_options import Content
from tests.redirect.codes import DESKTOP, HASH, PASSWORD, Code, Codes, codes
from tests.redirect.scanner import Answer

HTTPS = {"X_Forwarded_Proto": "https"}


@pytest.fixture(scope="module")
def world() -> Iterator[Codes]:
    with codes(short_url="http://go.example") as made:
        yield made


def cookie(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def test_the_cookie_is_of_this_path_short_and_out_of_reach(world: Codes) -> None:
    code = world.code(password=HASH)
    said = code.post(**HTTPS).headers["set-cookie"].split("; ")
    assert said[0].startswith("wm-gate=")
    assert set(said[1:]) == {"Max-Age=2592000", f"Path={code.path}", "HttpOnly", "SameSite=Lax", "Secure"}
    assert "Secure" not in code.post().headers["set-cookie"]


def test_a_cookie_is_worth_nothing_for_another_code_or_after_a_new_password(world: Codes) -> None:
    code, other = world.code(password=HASH), world.code(password=HASH)
    mine = cookie(code.post())
    assert code.get(Cookie=f"a=b; {mine}; c=d").status == 302
    assert other.get(Cookie=mine).status == 200
    for bad in (mine[:-1], mine + "0", mine.replace("_", "_9", 1), "wm-gate=", "wm-gate=in_9999999999_", "x" * 9000):
        assert code.get(Cookie=bad).status == 200
    code.edit(password=password_check._hasher.hash(PASSWORD))
    assert code.get(Cookie=mine).status == 200
    assert code.get(Cookie=f"{mine}; {cookie(code.post())}").status == 302


def test_a_signature_ends_with_its_time() -> None:
    value = sign(b"s" * 32, b"wm-gate", 7, b"hash", "in", 1000)
    assert verify(b"s" * 32, b"wm-gate", 7, b"hash", [value], 999.9) == "in"
    assert verify(b"s" * 32, b"wm-gate", 7, b"hash", [value], 1000) is None
    assert verify(b"t" * 32, b"wm-gate", 7, b"hash", [value], 1) is None
    assert verify(b"s" * 32, b"wm-way", 7, b"hash", [value], 1) is None
    for bad in ("", "_", "in_1e9_x", "in_²_x", "in_99999999999999999999_x", "in_-1_x", "\xff_9_\xff"):
        assert verify(b"s" * 32, b"wm-gate", 7, b"hash", [bad], 1) is None


def test_the_signature_is_shared_among_redirectors_and_not_to_be_guessed(world: Codes) -> None:
    # It is made when the first cookie is.
    world.code(password=HASH).post()
    secret = world.publisher.redis.get(keys.COOKIE_SECRET)
    assert isinstance(secret, bytes)
    assert len(secret) == 32


def test_forms_of_other_sites_are_refused_before_anything_is_looked_at(world: Codes) -> None:
    code = world.code(password=HASH)
    host = f"127.0.0.1:{world.server.port}"
    for foreign in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[bad"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": f"http://{host}"},
    ):
        answer = code.post(**foreign)
        assert (answer.status, "set-cookie" in answer.headers) == (403, False)
    for own in (
        {},
        {"Origin": f"http://{host}"},
        {"Origin": "http://go.example"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Sec_Fetch_Site": "none"},
    ):
        assert code.post(**own).status == 303
    assert [event.outcome for event in code.events()] == ["gate"] * 5 + ["redirect"] * 5


def test_the_form_lets_a_browser_say_where_it_came_from(world: Codes) -> None:
    answer = world.code(password=HASH).get()
    assert answer.headers["referrer-policy"] == "same-origin"
    assert b'method="post"' in answer.body.lower()
    assert b"<script" not in answer.body


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"password=" + b"x" * 5000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"f%d=1" % n for n in range(40)), "application/x-www-form-urlencoded", 400),
        (b'{"password": "open sesame"}', "application/json", 415),
        (b"", "application/x-www-form-urlencoded", 403),
        (b"pass=open+sesame", "application/x-www-form-urlencoded", 403),
        (b"\xff\xfe=%zz&password=%ff%00", "application/x-www-form-urlencoded; charset=x", 403),
        (b"password=open+sesame&password=x", "application/x-www-form-urlencoded", 303),
        (b"password=%6Fpen%20sesame", "APPLICATION/X-WWW-FORM-URLENCODED", 303),
    ],
)
def test_bodies(world: Codes, body: bytes, kind: str, status: int) -> None:
    code = world.code(password=HASH)
    answer = code.get(method="POST", body=body, Content_Type=kind)
    assert (answer.status, answer.headers["cache-control"]) == (status, "no-store")


def test_a_body_without_end_is_not_read_to_its_end(world: Codes) -> None:
    code = world.code(password=HASH)
    head = f"POST {code.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=30) as raw:
        raw.sendall(head.encode() + b"Content-Length: 1000000000\r\n\r\n" + b"a" * 10_000)
        assert raw.makefile("rb").readline().split()[1] == b"413"
    assert world.server.get("/healthz").status == 200


def tried(world: Codes, code: Code) -> list[bytes]:
    """The names under which Redis knows who has tried."""
    return list(world.publisher.redis.scan_iter(f"{{wm}}:{{tries:{code.number}}}:*"))


def let_time_pass(world: Codes, code: Code) -> None:
    for name in tried(world, code):
        world.publisher.redis.hdel(name, "until", "next")


def test_pauses_of_an_address_grow_and_hold_for_the_right_password_too(world: Codes) -> None:
    code = world.code(password=HASH)
    statuses = [code.post(f"guess {n}").status for n in range(guess_limits.FREE[0] + 2)]
    assert statuses == [403] * guess_limits.FREE[0] + [429] * 2
    refused = code.post()
    assert refused.status == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 4
    for longest in (8, 16, 32):
        let_time_pass(world, code)
        assert code.post("guess").status == 403
        assert longest / 4 <= int(code.post("guess").headers["retry-after"]) <= longest
    # Another browser of the same address is the same; another address is not, and another code is not.
    assert code.post(agent=DESKTOP).status == 429
    assert code.post(X_Forwarded_For="203.0.113.9").status == 303
    assert world.code(password=HASH).post().status == 303
    assert {event.outcome for event in code.events()} == {"gate", "redirect"}


def test_many_at_once_get_no_more_tries(world: Codes) -> None:
    code = world.code(password=HASH)
    server = world.server.port

    def guess(n: int) -> int:
        body = f"password=guess{n}"
        head = f"POST {code.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        with socket.create_connection(("127.0.0.1", server), timeout=20) as raw:
            raw.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
            return int(raw.makefile("rb").readline().split()[1])

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(guess, range(30)))
    assert statuses.count(403) == guess_limits.FREE[0]
    assert statuses.count(429) == 30 - guess_limits.FREE[0]


def test_right_passwords_are_no_tries(world: Codes) -> None:
    code = world.code(password=HASH)
    for _ in range(3):
        assert [code.post("slip").status for _ in range(guess_limits.FREE[0] - 1)] == [403] * (guess_limits.FREE[0] - 1)
        assert code.post().status == 303


def guessed_at(world: Codes, code: Code, *, next_in_s: float) -> None:
    """By so many addresses that all together have reached their total."""
    redis = world.publisher.redis
    now_ms = int(redis.time()[0] * 1000)
    fields = {"n": 10 * guess_limits.BY_ALL, "at": now_ms, "next": now_ms + int(next_in_s * 1000)}
    for name, value in fields.items():
        redis.hset(keys.gate_tries(code.number), name, str(value))


def test_when_the_total_is_reached_nobody_is_refused_who_comes_with_the_right_one(world: Codes) -> None:
    code = world.code(password=HASH)
    guessed_at(world, code, next_in_s=1.5)
    # It takes its time.
    assert code.post(X_Forwarded_For="203.0.113.10").status == 303
    assert world.server.metric("waymark_redirect_gate_waiting") == 0
    assert float(world.publisher.redis.hget(keys.gate_tries(code.number), "n") or 0) < 10 * guess_limits.BY_ALL + 0.5


def test_whoever_has_passed_before_does_not_stand_in_line(world: Codes) -> None:
    code = world.code(password=HASH)
    mine = cookie(code.post())
    guessed_at(world, code, next_in_s=3600)
    # Its hour is over, and it is asked again.
    secret = world.publisher.redis.get(keys.COOKIE_SECRET)
    assert isinstance(secret, bytes)
    now = int(world.publisher.redis.time()[0])
    was = sign(secret, b"wm-gate", code.number, HASH.encode(), f"in-{now - 60}", now + 60)
    assert code.get(Cookie=mine).status == 302
    assert code.get(Cookie=f"wm-gate={was}").status == 200
    assert code.post("slip", Cookie=f"wm-gate={was}").status == 403
    assert code.post(Cookie=f"wm-gate={was}").status == 303
    # Such a cookie may not guess without end either.
    statuses = [code.post(f"guess {n}", Cookie=f"wm-gate={was}").status for n in range(guess_limits.FREE[0] + 1)]
    assert statuses == [403] * guess_limits.FREE[0] + [429]


def test_redis_learns_no_address_and_forgets_the_rest(world: Codes) -> None:
    code = world.code(password=HASH)
    code.post("wrong", X_Forwarded_For="203.0.113.77")
    found = tried(world, code)
    assert len(found) == 2
    assert not any(b"203" in name for name in found)
    assert all(0 < world.publisher.redis.pttl(name) <= guess_limits.KEPT_MS for name in found)


def test_forms_to_nothing_keep_nobody_from_what_is_there(world: Codes) -> None:
    code = world.code(password=HASH)
    form = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": DESKTOP}

    def nobodys(n: int) -> int:
        body = b"password=x"
        head = f"POST /nothing{n} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.{n}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in form.items())
        with socket.create_connection(("127.0.0.1", world.server.port), timeout=20) as raw:
            raw.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            return int(raw.makefile("rb").readline().split()[1])

    with ThreadPoolExecutor(20) as pool:
        statuses = [pool.submit(nobodys, n) for n in range(120)]
        mine = [code.post().status for _ in range(5)]
    assert mine == [303] * 5
    found = Counter(one.result() for one in statuses)
    # Some are looked at as if there were something, and most are not.
    assert set(found) == {403, 429}
    assert found[429] > found[403]


def test_a_look_at_nothing_costs_what_a_look_at_something_costs() -> None:
    mine, theirs = password_check._hasher, passwords._hasher
    for part in ("time_cost", "memory_cost", "parallelism", "hash_len", "salt_len", "type"):
        assert getattr(mine, part) == getattr(theirs, part)


async def test_what_codes_keeps_is_what_opens() -> None:
    kept = await passwords.hash_password("pässwörd ☃")
    assert password_check.is_right(kept, "pässwörd ☃")
    assert not password_check.is_right(kept, "passwort")
    assert not password_check.is_right("", "\0")
    assert not password_check.is_right("no hash at all", "x")
    assert not password_check.is_right(kept, "\ud800")


async def test_only_so_many_wait() -> None:
    pool = password_check.PasswordChecker("password", threads=2)
    looks = [asyncio.ensure_future(pool.are_right(HASH, "x")) for _ in range(password_check.MOST_WAITING + 4)]
    found = await asyncio.gather(*looks, return_exceptions=True)
    assert [type(one) for one in found].count(password_check.Busy) == 4
    assert await pool.are_right(HASH, PASSWORD)
    # Whoever has passed before still finds room.
    looks = [asyncio.ensure_future(pool.are_right(HASH, "x")) for _ in range(password_check.MOST_WAITING)]
    await asyncio.sleep(0)
    assert await pool.are_right(HASH, PASSWORD, known=True)
    await asyncio.gather(*looks)
    pool.close()


def test_a_page_behind_a_password_has_its_file_there_too(world: Codes) -> None:
    content = Content("vcard", {"vCardContent": {"first_name": "Ada", "last_name": "L"}})
    code = world.code(password=HASH, content=content)
    assert b"Ada" not in code.get("download=1").body
    passed = code.post()
    assert (passed.status, b"Ada" in passed.body) == (200, True)
    assert b"Ada" in code.get("download=1", Cookie=cookie(passed)).body
