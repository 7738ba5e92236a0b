"""Captions in the order in which they are read, with letters that join."""

import pytest

from qr import bidi, caption
from qr.errors import Refused


def seen(text: str) -> str:
    """From left to right."""
    return "".join(part[::-1] if leftwards else part for part, leftwards in bidi.runs(text))


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Scan me (10%)", "Scan me (10%)"),
        ("אבג", "גבא"),
        ("abc אבג def", "abc גבא def"),
        ("אבג abc דהו", "והד abc גבא"),
        # Numbers are read from left to right wherever they stand.
        ("אבג 123", "123 גבא"),
        ("abc אבג 123 דהו", "abc והד 123 גבא"),
        ("سعر 12.50$", "$12.50 رعس"),
        # A mark at the end is at the end of the line.
        ("אבג!", "!גבא"),
        ("abc אבג!", "abc גבא!"),
        # Brackets belong to what they hold.
        ("אבג (abc)", "(abc) גבא".replace("(abc)", ")abc(")),
        ("abc (אבג) def", "abc (גבא) def"),
        ("", ""),
    ],
)
def test_order(text: str, order: str) -> None:
    assert seen(text) == order


def test_arabic_letters_join() -> None:
    """A word is narrower than its letters apart."""
    word = "بسم"
    assert caption.line(word).width < sum(caption.line(letter).width for letter in word) * 0.95
    # In the middle a letter has another form than alone, at either end another again.
    assert len({tuple(caption.line(form).path) for form in ("ب", "بـ".replace("ـ", "ب")[:2], "ببب")}) == 3


def test_marks_take_no_room() -> None:
    assert caption.line("שָׁ").width == pytest.approx(caption.line("ש").width)
    assert caption.line("é").width == pytest.approx(caption.line("e").width, rel=0.05)


def test_right_to_left_starts_at_the_right() -> None:
    assert seen("אבג abc")[:3] == "abc"
    both, latin = caption.line("אבג abc"), caption.line("abc ")
    first = [where[0] for _, where in both.path if where and where[0] < latin.width * 0.75]
    assert first


@pytest.mark.parametrize("text", ["中文", "ไทย", "देवनागरी", "Menu 菜单"])
def test_letters_that_no_font_has_are_refused_by_name(text: str) -> None:
    with pytest.raises(Refused, match="no font here has") as refused:
        caption.line(text)
    assert any(char in refused.value.message for char in text)


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u0007", "\ufeff", "\ue000", "\u2028"])
def test_what_cannot_be_seen_is_refused(char: str) -> None:
    with pytest.raises(Refused, match="cannot be seen"):
        caption.line(f"a{char}b")


def test_more_fonts_can_be_brought(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "more.ttf").write_bytes((caption.FONTS / "DejaVuSans-Bold.ttf").read_bytes())
    assert caption.line("Abc", str(folder)).width == caption.line("Abc").width
