"""schemas/route.py."""

import msgspec

from schemas import route


def test_a_route_leaves_out_what_is_usual() -> None:
    assert msgspec.json.encode(route.Route(1, 2, 3, "https://a.example/")) == (
        b'{"version":1,"birth":2,"workspace":3,"destination":"https://a.example/"}'
    )
