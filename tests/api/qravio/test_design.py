"""Qravio: from `design`, which the document names and does not describe, to what is drawn."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.dialects.qravio.design import style
from qr.style import parse


@pytest.mark.parametrize(
    ("design", "drawn"),
    [
        (None, None),
        ({}, None),
        ({"dots": "rounded"}, {"shape": "rounded"}),
        ({"dots": {"type": "extra-rounded", "color": "#123456"}}, {"shape": "rounded", "color": "#123456"}),
        ({"dots": {"style": "dots"}, "colors": {"foreground": "#112233", "background": "#fff"}},
         {"shape": "dots", "color": "#112233", "background": "#fff"}),
        ({"dotsOptions": {"type": "classy-rounded", "color": "navy"}, "backgroundOptions": {"color": "transparent"}},
         {"shape": "classy", "color": "navy", "background": "transparent"}),
        ({"dots": {"gradient": {"type": "radial", "colorStops": [{"offset": 0, "color": "#000"}, {"color": "#00f"}]}}},
         {"gradient": {"type": "radial", "colors": ["#000", "#00f"]}}),
        ({"cornersSquareOptions": {"type": "extra-rounded", "color": "#900"}, "cornersDotOptions": {"type": "dot"}},
         {"finder": {"ring": "rounded", "eye": "circle", "ring_color": "#900"}}),
        ({"output": {"error_correction": "h", "quiet_zone": 2, "format": "svg", "size": 900}},
         {"error_correction": "h", "margin": 2}),
        ({"logo": "https://example.com/logo.png"}, {"logo": {"image": "https://example.com/logo.png"}}),
        ({"logo": {"url": "https://example.com/logo.png", "size": 0.3}},
         {"logo": {"image": "https://example.com/logo.png", "size": 0.3}}),
        ({"frame": {"text": "Scan me", "color": "#333"}}, {"frame": {"caption": "Scan me", "color": "#333"}}),
        # What cannot be drawn is passed over, and the next place is tried.
        ({"dots": {"type": "stars", "style": "diamond", "color": "no colour"}}, {"shape": "diamond"}),
        ({"logo": {"url": "file:///etc/passwd"}, "frame": "none", "colors": ["#000"], "dots": 5}, None),
    ],
)  # fmt: skip
def test_what_is_found_is_drawn(design: dict[str, Any] | None, drawn: dict[str, Any] | None) -> None:
    """Visual design (dots, colors, logo, frame, output)."""
    assert style(design) == drawn
    parse(style(design))


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["#000", "dots", "x", "H"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["dots", "type", "color", "colors", "gradient", "logo", "frame", "text", "output", "corners"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["dots", "colors", "logo", "frame", "output", "corners", "gradient"]), _json))
def test_no_design_is_refused(design: dict[str, Any]) -> None:
    parse(style(design))
