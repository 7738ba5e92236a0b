"""Which of several languages a visitor's header prefers. (Its first choice is in test_rules.py.)"""

import pytest

from decisions.accept_language import preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (b"", None),
        (b"de", "de"),
        (b"de-AT,de;q=0.9,en;q=0.8", "de"),
        (b"fr-FR, en;q=0.4, DE;q=0.5", "de"),
        (b"en-GB,de;q=0.9", "en"),
        (b"fr", None),
        (b"de;q=0", None),
        (b"den", None),
        (b"\xff" * 10_000, None),
    ],
)
def test_the_best_of_those_that_there_are_is_taken(header: bytes, language: str | None) -> None:
    assert preferred(header, ("en", "de")) == language
