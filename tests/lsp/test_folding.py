"""Sentences in messages and hovers fit into an editor's window; what can be pasted stays whole."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.lessons import source
from pytest_tinytorch.lsp import hovers
from pytest_tinytorch.lsp.diagnostics import MARGIN, NARROWEST, PROSE, columns_at, message_of
from pytest_tinytorch.lsp.folding import COLUMNS, folded
from pytest_tinytorch.lsp.laws import Law
from pytest_tinytorch.lsp.sheets import Sheet, places_in
from pytest_tinytorch.lsp.verdicts import FIRST_LOOK, UNSAVED, Finding
from tests.support import kit

LAW = "The law of an exercise that says very much about what has to hold, for every array that there is."
CALL = (
    "assert_close(call(softmax, Tensor([[0., 1., 2., 3., 4., 5., 6., 7., 8., 9.]]), dim=-1), 1.0)"
)
LAWS = [
    law
    for unit in kit.course().checkpoints
    for group in source.groups(kit.ROOT, unit)
    for law in group.laws
]


def message(*marks, **parts):
    names = {"In_short": "In short", "Not_run": "Not run"}
    table = {names.get(name, name): text for name, text in parts.items()}
    return message_of(Finding(State.WRONG, nodeids=("a",), message=table, marks=marks))


@pytest.mark.parametrize("label", sorted(PROSE))
def test_prose_goes_on_below_its_label(label):
    lines = message(**{label.replace(" ", "_"): LAW}, Law="Short.").splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= COLUMNS
    assert [line[:MARGIN].strip() for line in lines[1:]] == [f"{label}:", *[""] * (len(lines) - 2)]
    assert " ".join(line[MARGIN:] for line in lines[1:]) == LAW


@pytest.mark.parametrize("margin", [0, 4, 12, 60])
def test_a_message_below_a_line_fits_into_a_narrow_window(margin):
    """Neovim puts a sign, a branch and the state before it, and begins where the line does."""
    columns = columns_at(["", " " * margin + "return x"], 2)
    lines = message_of(
        Finding(State.BROKEN, message={"Law": LAW, "Broken": LAW}), columns
    ).splitlines()
    before = 2 + margin + len("└──── ") + len(f"{State.BROKEN}: ")
    assert max(map(len, lines)) <= max(80 - before, NARROWEST)


def test_the_law_is_folded_with_what_it_comes_from():
    lines = message(FIRST_LOOK, UNSAVED, Law=LAW).splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert " ".join(lines) == f"first look, unsaved: {LAW}"


@pytest.mark.parametrize("label", ["Called", "Example", "Asked", "Expected", "Got", "Blame"])
def test_a_line_that_can_be_pasted_stays_whole(label):
    lines = message(Law="Short.", **{label: f"{CALL}\n{CALL}"}).splitlines()
    assert [line[MARGIN:] for line in lines[1:]] == [CALL, CALL]


def test_there_are_laws_that_are_longer():
    assert max(map(len, LAWS)) > COLUMNS


@pytest.mark.parametrize("code", [False, True], ids=["plain", "markdown"])
def test_each_law_of_the_course_fits(code):
    texts = [f"✗ {hovers.in_markdown(law) if code else law}" for law in LAWS]
    for text in texts:
        lines = folded(text, hang=2).splitlines()
        assert max(map(len, lines)) <= COLUMNS
        assert " ".join(line.strip() for line in lines) == text


def test_a_line_end_in_a_hover_changes_nothing_of_what_is_drawn():
    """A sign at the beginning of a line would begin a list, or a heading."""
    drawn = lambda text: MarkdownIt().render(text).replace("\n", " ")
    for law in LAWS:
        text = hovers.in_markdown(law)
        for columns in range(20, COLUMNS, 7):
            assert drawn(folded(text, 2, columns)) == drawn(text)


@pytest.mark.parametrize("markdown", [False, True])
def test_a_hover_is_folded(markdown):
    unit = next(unit for unit in kit.course().checkpoints if unit.name == "tensor")
    text = kit.reference_text(unit.name)
    place, *_ = places_in(text, tuple(unit.hints))
    law = Law(f"{unit.spec_path}::a", LAW, 1, place.name)
    sheet = Sheet(unit, (place,), (law,))
    lines = hovers.about(sheet, place, kit.course(), text)
    shown = hovers.hover(lines, {}, markdown).contents.value
    assert max(map(len, shown.splitlines())) <= COLUMNS + 2  # two spaces end a line
    assert f"· {LAW[:20]}" in shown
