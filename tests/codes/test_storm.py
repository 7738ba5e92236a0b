"""codes: many changes at once, each cut short or delayed at chance moments; what is left must add up."""

import asyncio
import random

import pytest
from redis.asyncio import Redis

from codes import code_store
from codes.code_fields import Edit, NewCode
from codes.errors import Conflict, Missing, Refused
from codes.plans import presets
from codes.service import Codes
from codes.sweep import sweep
from schemas import keys
from schemas.code import Code
from schemas.route import Route, decode_route
from tests.codes.crashing import KilledHere

SLUGS = [f"slug-{n}" for n in range(6)]


async def living_routes(redis: Redis) -> dict[str, Route]:
    found = {}
    async for key in redis.scan_iter(keys.route("*")):
        raw = await redis.get(key)
        assert isinstance(raw, bytes)
        route = decode_route(raw)
        if not route.gone:
            found[keys.host_and_slug(key.decode())[1]] = route
    return found


@pytest.mark.parametrize("seed", range(12))
async def test_after_a_storm_and_a_sweep_everything_adds_up(redis: Redis, seed: int) -> None:
    rng = random.Random(seed)

    async def step(done: str) -> None:
        await asyncio.sleep(rng.choice([0, 0, 0.001, 0.005]))
        if rng.random() < 0.06:
            raise KilledHere(done)

    codes = Codes(redis, step=step, plans=presets())
    calm = Codes(redis, plans=presets())
    made: list[Code] = [await calm.create(1, NewCode(destination="https://example.com/", slug=s)) for s in SLUGS[:2]]

    async def one_change(n: int) -> None:
        code = rng.choice(made)
        try:
            match rng.choice(["move", "move", "alias", "alias", "edit", "create", "delete"]):
                case "move":
                    url = f"https://example.com/{n}"
                    keep = rng.random() < 0.5
                    await codes.edit(1, code.id, Edit(slug=rng.choice(SLUGS), destination=url, keep_old=keep))
                case "alias":
                    await codes.edit(1, code.id, Edit(aliases=tuple(rng.sample(SLUGS, rng.randrange(3)))))
                case "edit":
                    await codes.edit(1, code.id, Edit(destination=f"https://example.com/{n}"))
                case "create":
                    made.append(
                        await codes.create(
                            1,
                            NewCode(
                                destination="https://a.example/",
                                slug=rng.choice(SLUGS),
                                aliases=(rng.choice(SLUGS),) if rng.random() < 0.3 else (),
                            ),
                        )
                    )
                case "delete" if rng.random() < 0.5:
                    await codes.delete(1, code.id)
        except (Conflict, Missing, Refused, KilledHere):
            pass

    for wave in range(8):
        await asyncio.gather(*(one_change(wave * 8 + n) for n in range(8)))
        # While something is unfinished too: what the API shows is what a scanner gets.
        for code in {code.id: code for code in made}.values():
            now = await calm.get(1, code.id)
            if now is not None:
                living = await living_routes(redis)
                assert {living[slug].birth for slug in code_store.slugs_of(now)} == {now.birth}
    await sweep(redis, older_than_ms=-1)
    assert await redis.hlen(keys.INTENTS) == 0

    listed = await calm.page(1, 1000)
    routes = await living_routes(redis)
    # Each slug and alias leads to its code, with the same version, and nothing else is left.
    stands = {slug: code for code in listed for slug in code_store.slugs_of(code)}
    assert len(stands) == sum(len(code_store.slugs_of(code)) for code in listed)
    assert {slug: code.birth for slug, code in stands.items()} == {slug: one.birth for slug, one in routes.items()}
    assert {slug: one.destination for slug, one in stands.items()} == {s: one.destination for s, one in routes.items()}
    assert len({(code.id, routes[slug].version) for slug, code in stands.items()}) == len(listed)
    kept = {keys.code(keys.link_key("", slug)).encode() for slug in stands}
    assert {key async for key in redis.scan_iter(keys.code("*"))} == kept
    erased = {int(birth) for birth in await redis.hkeys(keys.ERASURES)}
    assert not erased & {code.birth for code in listed}
    for code in made:
        assert (code.birth in erased) == (await calm.get(1, code.id) is None)
    # Nothing keeps a slug from its workspace.
    for code in listed:
        await calm.delete(1, code.id)
    for slug in SLUGS:
        assert (await calm.create(1, NewCode(destination="https://a.example/", slug=slug))).slug == slug
