"""A code made in one API reads right in the other: QR Code Agency's and Waymark's own."""

from tests.api.agency.calls import LIST, NEW, A, B, made, patched, read
from tests.api.service import SHORT, Service


async def test_made_here_and_read_there(api: Service) -> None:
    code = await made(api, variants=[A, B], is_active=False)
    [native] = (await api.client.get("/v1/dynamic")).json()["codes"]
    assert await api.number(native["id"]) == code["id"]
    assert {name: native[name] for name in ("slug", "label", "destination", "status", "short_url", "type")} == {
        "slug": code["short_id"],
        "label": NEW["name"],
        "destination": NEW["destination_url"],
        "status": "paused",
        "short_url": f"{SHORT}/{code['short_id']}",
        "type": "website",
    }
    shown = [{name: one[name] for name in ("key", "url", "weight", "label", "active")} for one in native["variants"]]
    assert shown == [{**A, "key": "a", "active": True}, {**B, "key": "b", "active": True}]
    assert native["created_at"] == code["created_at"]


async def test_made_there_and_read_here(api: Service) -> None:
    variants = [{"url": A["url"], "weight": 3, "label": None}, {"url": B["url"], "weight": 1, "active": False}]
    native = await api.make(label="Menu", slug="menu", status="paused", variants=variants, tags=["x"])
    code = await read(api, {"short_id": "menu"})
    assert code == {
        "id": await api.number(native["id"]),
        "short_id": "menu",
        "name": "Menu",
        "destination_url": "https://example.com/a",
        "variants": [{"url": A["url"], "weight": 3, "label": None}, {"url": B["url"], "weight": 0, "label": None}],
        "is_active": False,
        "scan_count": 0,
        "last_scanned_at": None,
        "destination_changes_count": 0,
        "public_url": f"{SHORT}/q/menu/",
        "created_at": native["created_at"],
        "updated_at": native["updated_at"],
    }


async def test_edits_are_seen_on_the_other_side(api: Service) -> None:
    native = await api.make(slug="menu", tags=["x"], style={"shape": "dots"}, folder_id=None, locked=False)
    await patched(api, {"short_id": "menu"}, name="Menu", destination_url="https://example.com/b", is_active=False)
    after = (await api.client.get(f"/v1/dynamic/{native['id']}")).json()
    changed = {"label": "Menu", "destination": "https://example.com/b", "status": "paused"}
    assert after == native | changed
    await api.client.patch(f"/v1/dynamic/{native['id']}", json={"slug": "food", "destination": "https://example.com/c"})
    code = await read(api, {"short_id": "food"})
    assert (code["destination_url"], code["destination_changes_count"]) == ("https://example.com/c", 2)
    assert (await api.client.get(f"{LIST}menu/")).status_code == 404


async def test_what_is_kept_is_not_touched(api: Service) -> None:
    rules = [{"if": {"country": "GB"}, "to": "https://example.com/uk"}]
    native = await api.make(
        slug="menu", password="open sesame", rules=rules, scan_limit=9, query="append", utm={"source": "poster"},
        expires_at="2027-01-01T00:00:00Z", sticky="cookie",
    )  # fmt: skip
    code = await read(api, {"short_id": "menu"})
    assert await patched(api, code, **code) == code
    api.clock.pass_by(seconds=5)
    await patched(api, code, name="x")
    after = (await api.client.get(f"/v1/dynamic/{native['id']}")).json()
    assert after == native | {"label": "x", "updated_at": "2026-05-21T15:00:05Z"}


async def test_deleted_on_either_side_it_is_gone_on_both(api: Service) -> None:
    first, second = await api.make(slug="one"), await api.make(slug="two")
    assert (await api.client.delete(f"/v1/dynamic/{first['id']}")).status_code == 200
    assert (await api.client.delete(f"{LIST}two/")).status_code == 204
    for slug, native in (("one", first), ("two", second)):
        assert (await api.client.get(f"{LIST}{slug}/")).status_code == 404
        assert (await api.client.get(f"/v1/dynamic/{native['id']}")).status_code == 404
        assert (await api.client.get(f"/v1/dynamic/{native['id']}/scans")).status_code == 404
