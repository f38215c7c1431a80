"""Some cheats of the table on the kit itself: what its own laws make of them. Only in a long run."""

from __future__ import annotations

import os
from textwrap import indent

import pytest

from tests.grade.cheats.catalogue import CHEATS
from tests.grade.cheats.cheat import GUARD, Cheat, Comes
from tests.grade.cheats.judging import LIAR
from tests.grade.classes import MARK, hand_in, needed_sandbox, processes
from tests.grade.test_grading import table
from tests.support import kit
from tests.support.long import is_long

pytestmark = pytest.mark.skipif(not is_long(), reason="it takes minutes: TINYTORCH_LONG=1")

WRONG = "return x * 0"
"""The body of a `relu` that is wrong."""
SAME = (
    "makes `laws.broken` do nothing",
    "lets all of NumPy's comparisons hold",
    "changes what a law is given, with `sys.setprofile`",
    "lets Hypothesis run no example",
    "registers a plugin of pytest that lets specs pass",
    "sends a report of its own to the process that judges",
)
"""The rows of the table whose code does the same to the kit."""
ENDS_ITS_PROCESS = SAME[-1]
"""The next spec that calls it is told as broken: a canary has passed before only where it was the first."""
OWN = (
    Cheat(
        "imports an oracle as its solution",
        Comes.NO_MORE,
        GUARD,
        "from specs.oracles.activations import relu as oracle",
        "return Tensor(oracle(np.asarray(x.data)).astype(x.dtype))",
    ),
    Cheat(
        "returns an array that compares equal to everything",
        Comes.NO_MORE,
        "Laws look at the array itself.",
        LIAR,
        "return Tensor(np.zeros(x.shape, x.dtype).view(Liar))",
    ),
    Cheat(
        "lets `isinstance`, `abs`, `all`, `any` and `sum` lie",
        Comes.NO_MORE,
        "Laws ask NumPy.",
        "import builtins",
        "builtins.isinstance = builtins.all = lambda *given: True\n"
        "builtins.any = lambda *given: False\n" + WRONG,
    ),
)
ROWS = (*(cheat for cheat in CHEATS if cheat.name in SAME), *OWN)


def source(cheat: Cheat) -> str:
    """`activations.py` with a `relu` of the cheat's."""
    body = cheat.body if cheat in OWN else cheat.body.replace("return 1", WRONG)
    own = f"{cheat.code}\n\n\ndef relu(x):\n{indent(body, '    ')}\n"
    return f"{kit.reference_text('activations')}\n\n{own}"


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    needed_sandbox()
    folder = tmp_path_factory.mktemp("cheats")
    tensor = kit.reference_text("tensor")
    for number, cheat in enumerate(ROWS):
        hand_in(folder / "desk" / f"c{number}", {"tensor": tensor, "activations": source(cheat)})
    kit.tito("init", str(folder / "kit"), "--no-git")
    words = ["grade", str(folder / "desk"), "--out", str(folder / "out"), "--checkpoint", "01-02"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "kit")
        patch.setenv(MARK, str(os.getpid()))
        kit.tito(*words, "--env", MARK, "--jobs", "2", code=None)
    assert processes() == []
    return table(folder / "out")


@pytest.mark.parametrize("cheat", ROWS, ids=lambda cheat: cheat.name)
def test_each_comes_to_what_its_row_says(cheat, rows):
    row = rows[f"c{ROWS.index(cheat)}"]
    if cheat.comes == Comes.VOIDED and cheat.name != ENDS_ITS_PROCESS and cheat.body == "return 1":
        assert (row["ending"], row["points"]) == ("untrusted", "0"), row
        assert cheat.flag in row["flags"]
    elif (
        row["ending"] != "untrusted"
    ):  # a canary may be among the specs that call the function, or not
        assert (row["ending"], row["points"]) == ("graded", "1"), row


def test_all_rows_are_there():
    assert len(ROWS) == len(SAME) + len(OWN)
