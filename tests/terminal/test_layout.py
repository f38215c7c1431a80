"""How lines fold: as Rich folds them, also where there is nothing to fold."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from rich.text import Text

from pytest_tinytorch.terminal.layout import console_of, folded

WIDTH = 40
WORDS = st.text("ab ✓─語\n\t", max_size=60)


@given(WORDS, st.integers(1, WIDTH))
@example("a b  ", 5)
@example("", 1)
@example("語" * 8, 16)
def test_text_folds_as_rich_folds_it(text, room):
    styled = Text(text, "bold")
    styled.stylize("red", 1, 3)
    lines = folded(styled, WIDTH, room)
    expected = styled.copy().wrap(console_of(WIDTH), room)
    assert [(line.plain, line.style, line.spans) for line in lines] == [
        (line.plain, line.style, line.spans) for line in expected
    ]
