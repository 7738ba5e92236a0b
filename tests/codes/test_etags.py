"""Edits and deletions of what was seen only, decided where the code is compared and put."""

import asyncio

import pytest
from redis.asyncio import Redis

from codes.code_fields import Edit
from codes.errors import Stale
from codes.etags import etag_of
from codes.service import Codes
from tests.codes.every_field import EDITS, PAGE, made, whole


async def test_a_tag_is_that_of_what_is_kept(redis: Redis, codes: Codes) -> None:
    code = await whole(codes)
    read = await codes.get(1, code.id)
    assert read is not None and etag_of(read) == etag_of(code)
    assert (await codes.edit(1, code.id, Edit(), match={etag_of(code)})) == code


@pytest.mark.parametrize("name", [name for name, value in EDITS.items() if name not in PAGE and value is not None])
async def test_every_change_makes_another_tag(codes: Codes, name: str) -> None:
    code = await made(codes)
    assert etag_of(await codes.edit(1, code.id, Edit(**{name: EDITS[name]}))) != etag_of(code)


@pytest.mark.parametrize("edits", [{"label": "{n}"}, {"destination": "https://example.com/{n}"}, {"slug": "new-{n}"}])
async def test_of_many_that_have_seen_the_same_one_is_first(codes: Codes, edits: dict[str, str]) -> None:
    code = await made(codes)
    match = {etag_of(code)}
    found = await asyncio.gather(
        *(
            codes.edit(1, code.id, Edit(**{name: text.format(n=n) for name, text in edits.items()}), match=match)  # type: ignore[arg-type]
            for n in range(12)
        ),
        codes.delete(1, code.id, match={"other"}),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Stale) for one in found) == 12
    now = await codes.get(1, code.id)
    assert now in found


async def test_a_deletion_of_what_was_seen(codes: Codes) -> None:
    code = await made(codes)
    await codes.edit(1, code.id, Edit(label="x"))
    with pytest.raises(Stale):
        await codes.delete(1, code.id, match={etag_of(code)})
    now = await codes.get(1, code.id)
    assert now is not None and await codes.delete(1, code.id, match={"other", etag_of(now)})
