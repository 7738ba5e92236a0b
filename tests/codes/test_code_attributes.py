"""What questions call codes."""

from redis.asyncio import Redis

from codes import folders
from codes.code_fields import NewCode
from codes.plans import presets
from codes.service import Codes

HERE = "https://example.com/a"


async def test_groups_of_codes(redis: Redis, codes: Codes) -> None:
    spring = await folders.create(redis, 1, "Spring", plans=presets())
    other = await folders.create(redis, 1, "Spring", plans=presets())
    menus = await folders.create(redis, 1, "Menus", plans=presets())
    made = [
        await codes.create(
            1,
            NewCode(
                destination=HERE,
                tags=("poster", "bus"),
                folder_id=spring.id,
                label="x",
                host="q.example.net",
                slug="menu",
            ),
        ),
        await codes.create(1, NewCode(destination=HERE, tags=("poster",), folder_id=other.id, slug="menu")),
        await codes.create(1, NewCode(destination=f"{HERE}/b", folder_id=menus.id)),
        await codes.create(1, NewCode(destination=HERE)),
    ]
    position = {code.birth: at for at, code in enumerate(made)}
    found = await codes.attributes(1)

    def grouped(dimension: str) -> dict[str, set[int]]:
        return {value: {position[number] for number in numbers} for value, numbers in found.groups(dimension).items()}

    assert grouped("code") == {code.id: {at} for at, code in enumerate(made)}
    assert grouped("code:folder") == {
        f"Spring ({spring.id[:8]})": {0},
        f"Spring ({other.id[:8]})": {1},
        "Menus": {2},
        "": {3},
    }
    assert grouped("code:tag") == {"poster": {0, 1}, "bus": {0}, "": {2, 3}}
    assert grouped("code:domain") == {"q.example.net": {0}, "go.example.org": {1, 2, 3}}
    assert grouped("code:destination") == {HERE: {0, 1, 3}, f"{HERE}/b": {2}}
    assert grouped("code:label") == {"x": {0}, "": {1, 2, 3}}
    assert found.id_of(made[0].birth) == made[0].id and found.id_of(1) is None
    assert set(found.ids_with_slug("menu")) == {made[0].id, made[1].id} and found.ids_with_slug("card") == []
    assert found.folder_name(menus.id) == "Menus" and found.folder_name("nobody") is None
