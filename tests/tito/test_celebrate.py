"""What is worth showing: `celebrate`, cards and the portfolio, and what is never claimed."""

from __future__ import annotations

import json
import sys

import pytest

from pytest_tinytorch.export import files as exported
from pytest_tinytorch.terminal.glyphs import PLAIN, UNICODE
from tests.support import proved, toy
from tests.support.kit import contents, tito

MODULES = tuple(toy.REFERENCE)[1:]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A toy workspace in which everything is proved."""
    root = toy.build(tmp_path_factory.mktemp("made"))
    toy.solve(root, *MODULES)
    toy.pytest_in(root)
    return contents(root)


@pytest.fixture
def workspace(made, tmp_path, monkeypatch):
    """A copy of it, with the current folder in it."""
    for path, data in made.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("CI", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def edit(root, module, old, new):
    file = root / "tinytorch" / f"{module}.py"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def borrow(root, which):
    toy.write(root, {"pytest.ini": f"{toy.CONFIGURATION}tinytorch_borrow = {which}\n"})


class TestMilestones:
    def test_have_their_own_place_whatever_else_is_passed(self, workspace):
        assert "Milestone 1 of 2" in tito("milestone", "celebrate", "1")
        assert "Milestone 2 of 2" in tito("milestone", "celebrate", "2")
        assert json.loads(tito("milestone", "celebrate", "1", "--json"))["place"] == 1

    def test_without_a_name_it_is_the_last_that_is_passed(self, workspace):
        assert "1902 · Squares" in tito("milestone", "celebrate")

    def test_tell_what_they_proved_opened_and_lead_to(self, workspace):
        edit(workspace, "squaring", "x * x", "x ** 3")
        toy.pytest_in(workspace)
        text = tito("milestone", "celebrate", "sums")
        for told in (
            "I have doubled a sum.",
            "doubled sum  4",
            "at least 4",
            "Proved  doubling a sum",
            "Code    modules 01–02 written by me",
            "Opened  1902 squares, which opens after 03",
            "Next    squares",
            "To share:\nI have doubled a sum (doubled sum 4).\n1901, Sums: milestone 1 of 2.",
        ):
            assert told in text, told

    def test_that_are_stale_are_none(self, workspace):
        edit(workspace, "adding", "x + y", "y + x")
        assert "is stale" in tito("milestone", "celebrate", "1901", "--card", "out", code=1)
        assert not (workspace / "out").exists()
        told = "1902 squares is stale. It opens after 1901; you are at 01."
        assert told in tito("milestone", "celebrate", code=1)

    def test_numbers_are_those_of_the_code_that_stands_there(self, workspace):
        edit(workspace, "doubling", "return add(x, x)", "return add(x, x) + (x == 2)")
        toy.pytest_in(workspace)
        assert "doubled sum 5" in tito("milestone", "celebrate", "1")
        edit(workspace, "doubling", " + (x == 2)", "")
        assert "doubled sum 4" in tito("milestone", "celebrate", "1")

    def test_say_what_is_borrowed(self, workspace):
        borrow(workspace, "01")
        toy.pytest_in(workspace)
        text = tito("milestone", "celebrate", "1901")
        assert "module 02 written by me, on NumPy; 01 borrowed from the course" in text
        shared = json.loads(tito("milestone", "celebrate", "1901", "--json"))
        assert shared["borrowed"] == ["01 adding"]
        assert shared["digests"]["source"].startswith("student:adding:")

    def test_of_borrowed_modules_alone_are_nobodys(self, workspace):
        borrow(workspace, "01,02")
        toy.pytest_in(workspace)
        assert "borrowed modules only" in tito("milestone", "celebrate", "1901", code=1)
        tito("report", "--cards", "out")
        assert not [file.name for file in (workspace / "out").iterdir() if "1901" in file.name]

    def test_a_picture_is_named_if_the_proved_code_has_drawn_it(self, workspace):
        folder = workspace / ".tinytorch" / "plots"
        folder.mkdir(parents=True)
        assert "none yet: tito milestone start 1901" in tito("milestone", "celebrate", "1901")
        shared = json.loads(tito("milestone", "celebrate", "1901", "--json"))
        own = proved.picture("01_sum", shared["digests"]["source"])
        (folder / "01_sum.png").write_bytes(own.data)
        assert "Picture .tinytorch/plots/01_sum.png" in tito("milestone", "celebrate", "1901")
        (folder / "01_sum.png").write_bytes(proved.picture("01_sum", "reference:00").data)
        assert "of an earlier version of your code" in tito("milestone", "celebrate", "1901")
        assert "left out 01_sum.png" in tito("report", "--portfolio", "site")


class TestStages:
    def test_are_celebrated_once_all_of_them_is_proved(self, workspace):
        text = tito("checkpoint", "celebrate", "second")
        assert "I can double." in text
        assert "Stage 1 of 1, checkpoint 02" in text
        edit(workspace, "adding", "x + y", "y + x")
        text = tito("checkpoint", "celebrate", "second", "--card", "out", code=1)
        assert "it waits for 02. tito module start 02" in text
        assert not (workspace / "out").exists()

    def test_that_do_not_exist_are_named_with_those_that_do(self, workspace):
        text = tito("checkpoint", "celebrate", "secnd", code=2)
        assert "unknown stage 'secnd'. Did you mean 'Second'? Valid: Second" in text


class TestCards:
    def test_are_six_files(self, workspace):
        text = tito("milestone", "celebrate", "1901", "--card", "new/out", "--name", "Ada")
        assert "wrote 6 files into new/out" in text.replace("\\", "/")
        found = sorted(file.name for file in (workspace / "new" / "out").iterdir())
        names = [f"1901-sums-{t}.{kind}" for t in ("dark", "light") for kind in ("png", "svg")]
        assert found == [*names, "1901-sums.md", "1901-sums.txt"]
        svg = (workspace / "new" / "out" / "1901-sums-light.svg").read_text(encoding="utf-8")
        assert "Ada" in svg

    def test_programs_read_nothing_else(self, workspace):
        shared = json.loads(tito("milestone", "celebrate", "1901", "--json", "--card", "out"))
        assert shared["opened"] == ["1902 squares"]
        assert len(list((workspace / "out").iterdir())) == 6

    def test_of_all_are_written_at_once(self, workspace):
        tito("report", "--cards", "out")
        names = {file.name for file in (workspace / "out").glob("*.svg")}
        assert {name.rpartition("-")[0] for name in names} == {
            "1901-sums",
            "1902-squares",
            "stage-second",
        }

    def test_without_matplotlib_there_is_no_png_and_the_command_is_named(
        self, workspace, monkeypatch
    ):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        text = tito("milestone", "celebrate", "1901", "--card", "out", code=1)
        assert "wrote 4 files" in text
        assert 'python -m pip install "matplotlib>=3.11"' in text

    @pytest.mark.parametrize("kind", ["--card", "--cards", "--portfolio"])
    def test_a_file_is_no_folder(self, workspace, kind):
        (workspace / "file").write_text("mine", encoding="utf-8")
        command = ("milestone", "celebrate", "1901") if kind == "--card" else ("report",)
        assert "file is a file: name a folder" in tito(*command, kind, "file", code=1)
        assert "file" in tito(*command, kind, "file/inside", code=1)
        assert (workspace / "file").read_text(encoding="utf-8") == "mine"

    @pytest.mark.parametrize("kind", ["--cards", "--portfolio"])
    def test_where_nothing_can_be_written_nothing_is(self, workspace, monkeypatch, kind):
        (workspace / "out").mkdir()
        written, really = [], exported.Path.write_bytes

        def write_bytes(file, data):
            written.append(file)
            really(file, data[:9])
            if len(written) == (1 if kind == "--portfolio" else 2):
                raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(exported.Path, "write_bytes", write_bytes)
        text = tito("report", kind, "out", code=1)
        assert "out cannot be written: Permission denied. Name another folder" in text
        assert not list((workspace / "out").iterdir())

    @pytest.mark.parametrize(
        ("name", "says"),
        [("  \t ", "write a name"), ("\x1b\u202e", "write a name"), ("x" * 61, "61 characters")],
    )
    def test_a_name_that_cannot_be_shown_is_told(self, workspace, name, says):
        text = tito("milestone", "celebrate", "1901", "--card", "out", "--name", name, code=2)
        assert says in text
        assert not (workspace / "out").exists()


class TestPortfolio:
    def test_is_one_page(self, workspace):
        text = tito("report", "--portfolio", "site", "--show", "adding.add", "--name", "Łukasz 李")
        assert text.replace("\\", "/") == "wrote site/index.html\n"
        assert [file.name for file in (workspace / "site").iterdir()] == ["index.html"]
        page = (workspace / "site" / "index.html").read_text(encoding="utf-8")
        for told in ("Łukasz 李", "I have squared a double.", "adding.add", "<pre"):
            assert told in page
        assert "The sum." not in page, "the course's docstring"
        tito("report", "--portfolio", "site", "--name", "Ada")
        assert "Łukasz" not in (workspace / "site" / "index.html").read_text(encoding="utf-8")

    def test_another_page_stays_as_it_is(self, workspace):
        toy.write(workspace, {"site/index.html": "<h1>My own page</h1>"})
        text = tito("report", "--portfolio", "site", code=1)
        assert "index.html is not a portfolio: name another folder" in text
        kept = (workspace / "site" / "index.html").read_text(encoding="utf-8")
        assert kept == "<h1>My own page</h1>"

    def test_its_digests_are_those_that_tito_shows(self, workspace):
        tito("report", "--portfolio", "site")
        page = (workspace / "site" / "index.html").read_text(encoding="utf-8")
        lines = tito("report", "--digests").splitlines()
        assert len(lines) == 6
        for line in lines[1:]:
            source, specs = line.split()[3], line.split()[5]
            assert source in page
            assert specs in page
        edit(workspace, "squaring", "x * x", "x ** 2")
        assert "03 squaring" not in tito("report", "--digests")

    @pytest.mark.parametrize(
        ("shown", "says"),
        [
            ("adding.ad", "01 adding has no function 'ad'. Did you mean adding.add"),
            ("ading.add", "there is no function 'ading.add'. Did you mean adding.add"),
            ("nothing", "Write its module and its name"),
            ("given.helper", "given.helper is given by the kit"),
            (
                "adding.Kit",
                "adding.Kit is given by the kit: name what you wrote, such as adding.add",
            ),
        ],
    )
    def test_what_cannot_be_shown_is_told_and_nothing_is_written(self, workspace, shown, says):
        given = "\n\nclass Kit:\n    pass\n"
        toy.write(workspace, {"tinytorch/given.py": "def helper():\n    pass\n"})
        for folder in ("", "reference/"):
            file = workspace / folder / "tinytorch" / "adding.py"
            file.write_text(file.read_text(encoding="utf-8") + given, encoding="utf-8")
        toy.pytest_in(workspace)
        text = tito("report", "--portfolio", "site", "--show", shown, code=2)
        assert says in " ".join(text.split())
        assert not (workspace / "site").exists()

    def test_a_helper_of_ones_own_may_be_shown(self, workspace):
        file = workspace / "tinytorch" / "adding.py"
        text = (
            file.read_text(encoding="utf-8")
            + '\n\ndef mine(x):\n    """Own words."""\n    return x\n'
        )
        file.write_text(text, encoding="utf-8")
        toy.pytest_in(workspace)
        tito("report", "--portfolio", "site", "--show", "01.mine")
        page = (workspace / "site" / "index.html").read_text(encoding="utf-8")
        assert "adding.mine" in page
        assert "Own words." in page

    def test_what_is_not_proved_or_borrowed_is_not_shown(self, workspace):
        edit(workspace, "squaring", "x * x", "x ** 2")
        show = ("report", "--portfolio", "site", "--show")
        text = " ".join(tito(*show, "squaring.square", code=2).split())
        assert "03 squaring is stale, and only proved code can be shown" in text
        borrow(workspace, "01")
        toy.pytest_in(workspace)
        assert "borrowed from the course" in tito(*show, "adding.add", code=2)
        assert not (workspace / "site").exists()

    def test_nothing_proved_is_nothing_to_show(self, tmp_path, monkeypatch):
        root = toy.build(tmp_path)
        monkeypatch.chdir(root)
        toy.pytest_in(root)
        for option in ("--portfolio", "--cards"):
            text = tito("report", option, "site", code=1)
            assert "`tito` says what is next" in text
        assert not (root / "site").exists()
        assert "Nothing" not in tito("report", "--digests")
        text = tito("milestone", "celebrate", code=1)
        assert "tito milestone next" in text

    def test_show_goes_with_a_portfolio(self, workspace):
        assert "--show requires --portfolio" in tito("report", "--show", "adding.add", code=2)


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("glyphs", [UNICODE, PLAIN], ids=["unicode", "plain"])
def test_all_of_it_fits_the_terminal(workspace, monkeypatch, columns, glyphs):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("pytest_tinytorch.terminal.output.terminal_glyphs", lambda: glyphs)
    for command in (
        "milestone celebrate 1901",
        "milestone celebrate --card out",
        "checkpoint celebrate second",
        "report --digests",
        "report --portfolio site --cards out",
    ):
        text = tito(*command.split())
        assert max(map(len, text.splitlines())) <= columns, text
        assert glyphs is UNICODE or text.isascii()
    numbers = (
        "4, at least 4" if columns == 40 else f"{glyphs.full * 13}{glyphs.empty * 3}  at least 4"
    )
    assert numbers in tito("milestone", "celebrate", "1901")
