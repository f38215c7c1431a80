"""A red spec names the function that is wrong, and never a file that is not the learner's."""

from __future__ import annotations

import pytest

from tests.proofs import blame
from tests.proofs.mistakes.catalogue import Mistake, apply
from tests.support import kit, toy

NOT_PASTED = 3
"""How many of the twenty drawn mistakes no short program shows: 85% are the least."""

EVERYTHING = [unit.name for unit in kit.modules()]


def run_with(tmp_path, module, of, replace, by, group, *arguments):
    mistake = Mistake("", of=of, replace=replace, by=by, turns_red="", says="")
    wrong = apply(kit.reference_text(module), mistake)
    source = kit.mixture(tmp_path, EVERYTHING, {module: wrong})
    run = kit.run(source, tmp_path / "ledger.jsonl", group, "-x", *arguments)
    assert run.code == 1, run.output
    return run.output


def test_a_caller_that_breaks_a_contract_is_the_place(tmp_path):
    """The deepest frame is in 01, which was asked for a shape that does not fit."""
    output = run_with(
        tmp_path,
        "attention",
        "MultiHeadAttention.split_heads",
        "x.reshape(n, length, -1, head_dim)",
        "x.reshape(n, length, 5, head_dim)",
        "specs/test_12_attention.py",
    )
    assert " in MultiHeadAttention.split_heads" in output
    assert "Blame" not in output


@pytest.mark.parametrize(
    ("module", "of", "replace", "by", "group", "says"),
    [
        (
            "activations",
            "relu",
            "return np.maximum(x, 0)",
            "np.maximum(x, 0)",
            "specs/test_02_activations.py::TestRelu",
            "relu returned None: is a return missing?",
        ),
        (
            "activations",
            "relu",
            "return np.maximum(x, 0)",
            "return str(x)",
            "specs/test_02_activations.py::TestRelu",
            "relu must return an array of numbers, and returned str",
        ),
        (
            "autograd",
            "maximum_x",
            "return unbroadcast(keep(share, ~np.less(x, y)), x)",
            "unbroadcast(keep(share, ~np.less(x, y)), x)",
            "specs/test_05_autograd.py::TestElementwiseRules",
            "the gradient rule of maximum returned None: is a return missing?",
        ),
    ],
)
def test_a_missing_return_is_told_where_it_is_missing(
    tmp_path, module, of, replace, by, group, says
):
    output = run_with(tmp_path, module, of, replace, by, group)
    assert says in " ".join(output.split())
    assert f" in {of}" in output
    assert "Blame" not in output


ADDS_TO_IT = """


class TestMore:
    \"\"\"sums of doubles\"\"\"

    def test_can_be_added_to(self):
        \"\"\"double(3) can be added to.\"\"\"
        from tinytorch.adding import add
        from tinytorch.doubling import double

        assert add(double(3), 1) == 7
"""


def test_what_is_proved_is_not_blamed_for_what_it_was_given(tmp_path):
    """`add` raises, and no line of 02 is on the way: it has only given back nothing."""
    root = toy.build(tmp_path)
    toy.solve(root, "adding", "doubling", "squaring")
    file = "specs/test_02_doubling.py"
    toy.write(root, {file: toy.SPECS[file] + ADDS_TO_IT})
    nodeid = f"{file}::TestMore::test_can_be_added_to"
    assert toy.pytest_in(root, "--checkpoint=01").states["01"] == "passed"
    wrong = toy.REFERENCE["doubling"].replace("return add(x, x)", "add(x, x)")
    toy.write(root, {"tinytorch/doubling.py": wrong})
    run = toy.pytest_in(root, nodeid)
    assert "Raised    TypeError" in run.output
    assert "  Where     tinytorch/doubling.py:6 in double" in run.output, run.output
    assert "Blame" not in run.output
    raising = toy.REFERENCE["adding"].replace("return x + y", "raise KeyError(x)")
    alone = toy.REFERENCE["doubling"].replace("add(x, x)", "x + x")
    toy.write(root, {"tinytorch/adding.py": raising, "tinytorch/doubling.py": alone})
    assert "Blame     checkpoint 01" in toy.pytest_in(root, nodeid).output  # not proved any more


CANCELS = """


class TestMore:
    \"\"\"sums\"\"\"

    def test_cancel(self):
        \"\"\"add(x, negate(x)) is 0.\"\"\"
        from tinytorch.adding import add, negate

        assert add(3, negate(3)) == 0
"""


def test_the_exercise_with_which_a_spec_would_hold_is_the_place(tmp_path):
    """The law is about `add`. What tries that out is not heard, and leaves nothing behind."""
    root = toy.build(tmp_path)
    toy.solve(root, "adding")
    file = "specs/test_01_adding.py"
    toy.write(root, {file: toy.SPECS[file] + CANCELS})
    wrong = toy.REFERENCE["adding"].replace("return -x", "print('aloud')\n    return x")
    toy.write(root, {"tinytorch/adding.py": wrong})
    run = toy.pytest_in(root, f"{file}::TestMore", f"{file}::TestNegate")
    assert "  Where     tinytorch/adding.py:9 in negate" in run.output, run.output
    assert "1 failed, 1 same cause" in run.output
    assert run.output.count("aloud") == 1
    assert "reference/" not in run.output
    both = wrong.replace("x + y", "x * y + 1")  # one exercise alone helps nobody
    toy.write(root, {"tinytorch/adding.py": both})
    assert "adding.py:4 in add" in toy.pytest_in(root, f"{file}::TestMore").output


def test_a_borrowed_file_is_no_place(tmp_path):
    """The error comes out of 01, which is borrowed: no path leads to the worked solution."""
    text = kit.reference_text("layers")
    wrong = text.replace(
        "        if self.bias is None:",
        "        x = x.reshape(99, 101)\n        if self.bias is None:",
        1,
    )
    assert wrong != text
    source = kit.mixture(tmp_path, ["layers"], {"layers": wrong})
    group = "specs/test_03_layers.py::TestLinear"
    output = kit.run(source, tmp_path / "ledger.jsonl", group, "--borrow=01").output
    assert "cannot reshape" in output
    assert " in Linear.forward" in output
    assert "reference/" not in output


def test_mistakes_name_their_own_function_in_few_lines(tmp_path):
    """One of each module, drawn; `python -m tests.proofs.blame` measures more of them.

    What is called is pasted into a new interpreter, and gives what came.
    """
    found, again = [], []
    for unit, mistake in blame.drawn(kit.modules(), 1, seed=0):
        found.append(blame.tell(unit, mistake, tmp_path))
        again.append(blame.comes_again(found[-1], tmp_path))
    assert [told.mistake.title for told in found if told.lines > blame.MOST_LINES] == []
    assert [told.mistake.title for told in found if told.innocent] == []
    wrong = [told.mistake.title for told in found if not blame.is_right(told)]
    assert wrong == [], blame.summary(found)  # one of twenty would be less than 97%
    lost = [told for told, is_same in zip(found, again, strict=True) if not is_same]
    assert len(lost) <= NOT_PASTED, "\n".join(f"{t.mistake.title}: {t.called}" for t in lost)
