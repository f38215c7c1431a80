"""Learning paths: what they hold and borrow, how one is followed, and how every report tells of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_tinytorch import settings
from pytest_tinytorch.course.commands import TITO
from pytest_tinytorch.course.options import Options
from pytest_tinytorch.course.selection import unit_ranges
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.evidence.workspace import open_workspace
from pytest_tinytorch.export import badge, formats, markdown
from pytest_tinytorch.terminal import milestones, report, screen
from pytest_tinytorch.terminal.glyphs import PLAIN, UNICODE
from pytest_tinytorch.tito.main import main
from tests.support import kit, toy

CHALLENGE, LAST = (kit.course().unit(f"milestone-{n}").challenge for n in ("03", "06"))


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    root = toy.build(tmp_path)
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "80")
    return root


def follow(root, name):
    """Name a path in the settings of pytest."""
    toy.write(root, {"pytest.ini": f"{toy.CONFIGURATION}tinytorch_path = {name}\n"})


def on(root, path):
    """Where the learner stands on a path, without a run."""
    return open_workspace(root, Options(learning_path=path), "curriculum.toml").progress()


def text(shown, width=80, glyphs=UNICODE):
    return screen.rendered(shown, width, False, glyphs)


def tito(*arguments, code=0):
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == code, done.output
    return done.output


def labels(units):
    return [unit.label for unit in units]


class TestWhatAPathHolds:
    @pytest.mark.parametrize(
        ("path", "milestones", "borrowed"),
        [
            ("complete", "1957 1969 1986 1998 2017 2018", ""),
            ("fast", "1957 1969 1986", ""),
            ("vision", "1957 1969 1986 1998", ""),
            ("language", "1957 1969 2017", ""),
            ("production", "1957 1969 2018", "09 10 11 12 13"),
        ],
    )
    def test_milestones_and_what_it_borrows_follow_from_its_checkpoints(
        self, path, milestones, borrowed
    ):
        course = kit.course()
        group = next(one for one in course.learning_paths if one.name == path)
        held = course.ids_on_path(group)
        assert [str(m.year) for m in course.milestones if m.id in held] == milestones.split()
        assert [unit.number for unit in course.borrowed_by(group)] == borrowed.split()
        assert "checkpoint-00" in held

    def test_everything_belongs_where_none_is_followed(self):
        assert kit.course().ids_on_path(None) == {unit.id for unit in kit.course().units}


class TestProgress:
    def test_counts_what_belongs_to_the_path(self, workspace):
        progress = on(workspace, "doubles")
        assert labels(progress.checkpoints) == ["00 environment", "02 doubling"]
        assert labels(progress.milestones) == ["1901 sums"]
        assert labels(progress.borrowed) == ["01 adding"]
        assert labels(progress.left_out) == ["03 squaring", "1902 squares"]
        assert progress.learning_path_line() == "doubles  0 of 1 modules · 1 week · borrows 01"
        assert progress.verdict_line() == "0 of 2 checkpoints"

    def test_only_what_is_really_borrowed_is_told(self, workspace):
        progress = on(workspace, "squares")
        assert progress.borrowed == ()
        assert labels(progress.left_out) == ["01 adding", "02 doubling", "1901 sums"]
        assert progress.learning_path_line() == "squares  0 of 1 modules"

    def test_says_nothing_of_paths_without_one(self, workspace):
        progress = on(workspace, None)
        assert (progress.learning_path_line(), progress.left_out, progress.borrowed) == ("", (), ())
        assert "path" not in text(report.capability_report(progress)).lower()

    def test_what_is_lent_by_hand_is_borrowed_too(self, workspace):
        options = Options(borrow="01")
        progress = open_workspace(workspace, options, "curriculum.toml").progress()
        assert labels(progress.borrowed) == ["01 adding"]
        assert progress.left_out == ()


class TestReports:
    def test_the_terminal_tells_the_path_and_not_what_is_beside_it(self, workspace):
        shown = text(report.capability_report(on(workspace, "doubles")))
        assert " Path doubles  0 of 1 modules · 1 week · borrows 01\n" in shown
        assert "= 01 adding" in shown
        assert " First         ░" in shown
        assert "0 of 1\n" in shown
        assert "Second" not in shown
        assert " not on this path: 1902\n" in shown
        assert "squares" not in shown

    def test_a_tier_that_is_only_borrowed_from_has_no_bar(self):
        path = next(one for one in kit.course().learning_paths if one.name == "production")
        state = {unit.id: "not run" for unit in kit.course().units}
        state |= {unit.id: "borrowed" for unit in kit.course().borrowed_by(path)}
        progress = Progress(kit.course(), state, learning_path=path)
        assert "\n Architecture  borrowed\n" in text(report.capability_report(progress))

    @pytest.mark.parametrize("path", ["doubles", "squares", "short"])
    @pytest.mark.parametrize("width", [40, 80])
    @pytest.mark.parametrize("glyphs", [UNICODE, PLAIN], ids=["unicode", "plain"])
    def test_it_fits(self, workspace, path, width, glyphs):
        progress = on(workspace, path)
        for shown in (
            report.capability_report(progress, glyphs, width),
            report.capability_map(progress, glyphs, width),
            milestones.timeline_report(progress, glyphs, width, True),
            milestones.timeline_report(progress, glyphs, width, False),
        ):
            lines = text(shown, width, glyphs).splitlines()
            assert max(map(len, lines)) <= width
            assert any("not on this path" in line for line in lines)
            assert glyphs is UNICODE or all(line.isascii() for line in lines)

    @pytest.mark.parametrize(
        ("path", "number", "following"),
        [
            (None, "03", f"{CHALLENGE}: pytest -p tinytorch --milestone 1998"),
            ("vision", "03", f"{CHALLENGE}: pytest -p tinytorch --milestone 1998"),
            ("language", "02", "Transformers: pytest -p tinytorch --milestone 2017"),
            ("vision", "04", ""),
            ("complete", "06", LAST),
        ],
    )
    def test_what_is_next_lies_on_the_path(self, path, number, following):
        course = kit.course()
        group = next((one for one in course.learning_paths if one.name == path), None)
        unit = course.unit(f"milestone-{number}")
        progress = Progress(
            course, dict.fromkeys((u.id for u in course.units), "passed"), learning_path=group
        )
        assert milestones.next_challenge(progress, unit) == following
        shown = text(milestones.celebration_panel(progress, unit, UNICODE), 120)
        assert ("Next: " in shown) == bool(following)
        told = milestones.next_challenge(progress, unit, TITO)
        assert told == following.replace("pytest -p tinytorch --milestone", "tito milestone start")

    def test_no_two_paths_are_the_same(self):
        paths = [one.numbers for one in kit.course().learning_paths]
        assert len({*paths}) == len(paths)

    def test_markdown_tells_the_same(self, workspace):
        page = markdown.markdown_page(on(workspace, "doubles"))
        assert "**Path:** doubles 0 of 1 modules · 1 week · borrows 01" in page
        assert "### First: 0 of 1" in page
        assert "🔗 borrowed | 01 adding" in page
        assert "| 1902 squares |" not in page
        assert "Not on this path: 03, 1902" in page

    def test_the_badge_names_it(self, workspace):
        assert badge.badge_message(on(workspace, "doubles")) == "doubles: 0 of 2 checkpoints"

    def test_programs_can_tell(self, workspace):
        table = formats.progress_table(on(workspace, "doubles"))
        assert (table["path"], table["borrowed"]) == ("doubles", ["checkpoint-01"])
        beside = [unit for unit, entry in table["units"].items() if not entry["on_path"]]
        assert beside == ["checkpoint-01", "checkpoint-03", "milestone-02"]

    def test_points_are_for_the_path(self, workspace):
        run = toy.pytest_in(workspace, "--path=doubles", "--tinytorch-gradescope=r.json")
        results = json.loads((workspace / "r.json").read_text(encoding="utf-8"))
        assert [test["name"] for test in results["tests"]] == ["02 doubling", "1901 sums"]
        assert "doubles  0 of 1 modules" in results["output"]
        assert "Path doubles" in run.output


class TestFollowing:
    def test_a_setting_is_as_good_as_the_option(self, workspace):
        follow(workspace, "squares")
        toy.solve(workspace, "squaring")
        run = toy.pytest_in(workspace)
        assert (run.states["03"], run.states["m02"], run.code) == ("passed", "passed", 0)
        assert run.json["path"] == "squares"
        assert "all passed · 2 of 2 checkpoints · 1 of 1 milestones" in run.output

    def test_the_option_comes_before_it(self, workspace):
        follow(workspace, "squares")
        run = toy.pytest_in(workspace, "--path=short", "-n", "2")
        assert (run.json["path"], run.states["02"]) == ("short", "locked")

    @pytest.mark.parametrize("arguments", [(), ("--collect-only",)])
    def test_an_unknown_name_says_where_it_stands(self, workspace, arguments):
        follow(workspace, "shor")
        run = toy.pytest_in(workspace, *arguments)
        assert run.code == 4
        assert "tinytorch_path: unknown path 'shor'. Did you mean 'short'?" in run.output
        assert "Traceback" not in run.output
        assert "tinytorch_path: unknown path" in tito("report", code=2)

    def test_what_is_beside_the_path_cannot_be_asked_for(self, workspace):
        run = toy.pytest_in(workspace, "--path=squares", "--checkpoint=01")
        assert run.code == 4
        assert "01 adding: borrowed, or not on your path" in run.output


class TestTito:
    def test_tells_each_path_and_how_far_one_is(self, workspace):
        toy.solve(workspace, "squaring")
        toy.pytest_in(workspace, "--path=squares")
        shown = tito("path")
        assert "doubles  1 week\n" in shown
        assert "modules 02, borrows 01" in shown
        assert "1 of 1" in shown.partition("squares")[2]
        table = {one["name"]: one for one in json.loads(tito("path", "--json"))}
        assert (table["squares"]["passed"], table["squares"]["followed"]) == (1, True)
        assert table["doubles"]["borrows"] == ["01 adding"]
        assert table["doubles"]["milestones"] == ["1901 sums"]

    def test_lives_on_the_path_of_the_workspace(self, workspace):
        follow(workspace, "doubles")
        assert "you follow it" in tito("path", "doubles")
        assert "Path doubles" in tito("report")
        assert "squar" not in tito("checkpoint", "timeline")
        assert "doubles" in tito("checkpoint", "timeline", "--horizontal")
        assert "not on this path: 1902" in tito("milestone", "status")
        units = json.loads(tito("checkpoint", "status", "--json"))
        assert [unit["number"] for unit in units if unit["on_path"]] == ["00", "02"]

    def test_a_borrowed_module_is_still_ones_own_file(self, workspace):
        """Not the one of the reference, which a reset would spoil."""
        follow(workspace, "doubles")
        toy.write(workspace, {"tinytorch/adding.py": "mine = 1\n"})
        (entry,) = json.loads(tito("module", "status", "adding", "--json"))
        assert entry["file"] == str(workspace / "tinytorch" / "adding.py")
        tito("module", "reset", "adding", "--yes")
        reference = workspace / "reference" / "tinytorch" / "adding.py"
        assert reference.read_text(encoding="utf-8") == toy.REFERENCE["adding"]
        text = (workspace / "tinytorch" / "adding.py").read_text(encoding="utf-8")
        assert "NotImplementedError" in text
        assert "borrowed" in tito("module", "status", "adding")
        assert "off path" in tito("module", "status", "squaring")

    def test_a_milestone_beside_it_is_nothing_to_do(self, workspace):
        follow(workspace, "squares")
        assert "1902 Squares" in tito("milestone", "next")
        for command in ("start", "celebrate"):
            shown = tito("milestone", command, "1901", code=1)
            assert "It is not on the path squares." in shown
        follow(workspace, "short")
        assert "Leads to 1901" in tito("module", "start", "01")


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"pytest.ini": "[pytest]\ntinytorch_path = short\n"}, "short"),
        ({"pyproject.toml": '[tool.pytest.ini_options]\ntinytorch_path = "short"\n'}, "short"),
        ({"pyproject.toml": '[tool.pytest]\ntinytorch_path = "short"\n'}, "short"),
        ({"pytest.toml": '[pytest]\ntinytorch_path = "short"\n'}, "short"),
        ({"tox.ini": "[pytest]\ntinytorch_path = short\n"}, "short"),
        ({"setup.cfg": "[tool:pytest]\ntinytorch_path = short\n"}, "short"),
        ({"pytest.ini": "[pytest]\nTinytorch_Path = short\n"}, ""),
        (
            {
                "pytest.ini": "",
                "pyproject.toml": '[tool.pytest.ini_options]\ntinytorch_path = "short"\n',
            },
            "",
        ),
        (
            {
                "pyproject.toml": "[project]\n",
                "tox.ini": "[pytest]\ntinytorch_path = short\n",
            },
            "short",
        ),
    ],
)
def test_settings_are_read_as_pytest_reads_them(tmp_path, files, path):
    (tmp_path / "conftest.py").write_text(
        "def pytest_configure(config):\n    print('path', config.getini('tinytorch_path'), '.')\n",
        encoding="utf-8",
    )
    toy.write(tmp_path, files)
    run = toy.pytest_in(tmp_path, "-p", "tinytorch", "--collect-only", "--rootdir=.")
    assert f"path {path} ." in run.output
    assert settings.read_settings(tmp_path).get("tinytorch_path", "") == path


def test_settings_that_cannot_be_read_are_named(workspace):
    toy.write(workspace, {"pytest.ini": "tinytorch_path = short\n"})
    assert "pytest.ini" in tito("report", code=2)


@pytest.mark.parametrize(
    "text", ["tool = 3", "[tool]\npytest = 3", "[tool.pytest]\nini_options = 3"]
)
def test_settings_that_are_no_table_are_named(tmp_path, text):
    toy.write(tmp_path, {"pyproject.toml": text})
    with pytest.raises(ValueError, match=r"pyproject\.toml: \w+ = 3 is no table of settings$"):
        settings.read_settings(tmp_path)


def test_settings_that_nobody_may_read_are_named(tmp_path, monkeypatch):
    def read(file, *_, **__):
        raise PermissionError(13, "Permission denied", str(file))

    toy.write(tmp_path, {"pytest.ini": "[pytest]\n"})
    monkeypatch.setattr(Path, "read_text", read)
    with pytest.raises(ValueError, match=r"pytest\.ini: Permission denied$"):
        settings.read_settings(tmp_path)
    monkeypatch.setattr("os.open", read)
    with pytest.raises(ValueError, match=r"pytest\.ini: Permission denied$"):
        settings.curriculum_of(tmp_path)


def test_the_documentation_tells_the_paths_as_they_are():
    page = (kit.ROOT / "docs" / "tito.md").read_text(encoding="utf-8")
    course = kit.course()
    for path in course.learning_paths:
        held = course.ids_on_path(path)
        modules = unit_ranges([unit for unit in kit.modules() if unit.id in held])
        milestones = unit_ranges([unit for unit in course.milestones if unit.id in held])
        borrowed = unit_ranges(course.borrowed_by(path))
        row = f"| {path.name} | {modules} | {path.weeks} | {milestones} | {borrowed}"
        assert f"{row.rstrip()} |\n" in page
