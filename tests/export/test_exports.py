"""Every format that a run can write: valid, safe to show, and the same from pytest and from `tito`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from pytest_tinytorch.course import options
from pytest_tinytorch.course.curriculumfile import load_curriculum
from pytest_tinytorch.evidence.outcomes import State, Verdict
from pytest_tinytorch.evidence.progress import Progress, Task
from pytest_tinytorch.export import badge, formats, gradescope, markdown
from tests.support import toy

SCHEMAS = {"json": "progress", "gradescope": "gradescope", "classroom": "classroom"}
STAGES = {"nothing": (), "some": ("adding",), "all": tuple(toy.REFERENCE)[1:]}
HOSTILE = "<script>alert('x')</script> | `code` **bold** [link](http://x) \n# heading & \\"
ORDERS = "\n::notice title=Autograding report::all\n  ##[error]no\x1b[31m\u202e\ud800"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Stage to the files that one run wrote, by format."""
    found = {}
    for stage, solved in STAGES.items():
        root = toy.build(tmp_path_factory.mktemp(stage))
        toy.solve(root, *solved)
        files = {name: root / "out" / stage / f"progress.{name}" for name in options.EXPORTS}
        others = {name: file for name, file in files.items() if name != "json"}
        run = toy.pytest_in(root, *(f"--tinytorch-{n}={f}" for n, f in others.items()))
        texts = {name: file.read_text(encoding="utf-8") for name, file in others.items()}
        found[stage] = texts | {"json": json.dumps(run.json)}
    return found


@pytest.fixture
def hostile(tmp_path):
    """Progress in which every text of a learner is made to do harm."""
    course = load_curriculum(toy.build(tmp_path) / "curriculum.toml")
    state = dict.fromkeys((unit.id for unit in course.units), State.LOCKED)
    state |= {
        "checkpoint-00": State.PASSED,
        "checkpoint-01": State.WRONG,
        "checkpoint-03": State.BROKEN,
    }
    verdicts = {
        "checkpoint-01": Verdict(State.WRONG, {State.WRONG: 2, State.PASSED: 1}, headline=HOSTILE),
        "checkpoint-03": Verdict(State.BROKEN, {State.BROKEN: 1}, headline=HOSTILE),
    }
    task = Task(course.unit("checkpoint-01"), HOSTILE, HOSTILE, 3, 2, State.WRONG)
    asked = frozenset(state)
    return Progress(course, state, verdicts, selected=asked, tasks=(task,), warnings=(HOSTILE,))


def test_there_is_an_option_for_each_format():
    assert list(formats.FORMATS) == list(options.EXPORTS)


def validate(format, text):
    """Hold the JSON of a format against its schema."""
    file = Path(formats.__file__).with_name(f"{SCHEMAS[format]}.schema.json")
    schema = json.loads(file.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(text))


@pytest.mark.parametrize("stage", STAGES)
class TestEveryStage:
    @pytest.mark.parametrize("format", SCHEMAS)
    def test_json_fits_its_schema(self, runs, stage, format):
        validate(format, runs[stage][format])

    def test_markdown_has_a_row_for_each_unit(self, runs, stage):
        text = runs[stage]["markdown"]
        for label in ("01 adding", "02 doubling", "03 squaring", "1901 sums", "1902 squares"):
            assert len(re.findall(rf"^\| .* \| {label} \|.*\|$", text, re.MULTILINE)) == 1
        assert ("Next:" in text) == (stage != "all")
        assert text.startswith("## tinytorch: ")

    def test_the_badge_is_a_picture_that_says_how_far_it_is(self, runs, stage):
        picture = ElementTree.fromstring(runs[stage]["badge"])
        texts = [element.text for element in picture.iter() if element.tag.endswith("}text")]
        checkpoints = {"nothing": 1, "some": 2, "all": 4}[stage]
        assert texts[0] == "tinytorch"
        assert texts[1].startswith(f"{checkpoints} of 4 checkpoints")
        assert picture.get("aria-label") == f"tinytorch: {texts[1]}"
        rectangles = [e for e in picture.iter() if e.tag.endswith("}rect")]
        assert int(picture.get("width")) == sum(int(r.get("width")) for r in rectangles[1:])

    def test_shields_has_what_an_endpoint_needs(self, runs, stage):
        table = json.loads(runs[stage]["shields"])
        assert set(table) == {"schemaVersion", "label", "message", "color"}
        assert table["schemaVersion"] == 1
        assert table["color"] == {"nothing": "blue", "some": "blue", "all": "brightgreen"}[stage]

    def test_gradescope_adds_up(self, runs, stage):
        table = json.loads(runs[stage]["gradescope"])
        tests = table["tests"]
        assert len(tests) == 5
        assert table["score"] == sum(test["score"] for test in tests)
        assert table["score"] == {"nothing": 0, "some": 1, "all": 5}[stage]
        for test in tests:
            assert test["max_score"] == 1
            assert test["status"] == ("passed" if test["score"] else "failed")
            assert test["output"]

    def test_gradescope_begins_with_points_and_what_to_fix(self, runs, stage):
        table = json.loads(runs[stage]["gradescope"])
        first, second, *_ = table["output"].splitlines()
        assert first == f"{table['score']} of 5 points"
        write = {"nothing": "First to write: 01 adding", "some": "First to write: 02 doubling"}
        assert second == write.get(stage, second)
        assert ("First to " in table["output"]) == (stage != "all")
        kinds = [
            1 if test["status"] == "passed" else 2 * test["output"].startswith("locked: ")
            for test in table["tests"]
        ]
        assert kinds == sorted(kinds)

    def test_classroom_adds_up_as_the_reporter_counts(self, runs, stage):
        """It adds the scores for GitHub, and counts passing tests for the table that it prints."""
        table = json.loads(runs[stage]["classroom"])
        points = sum(test["score"] for test in table["tests"])
        passing = sum(test["status"] == "pass" for test in table["tests"])
        assert points == {"nothing": 0, "some": 1, "all": 5}[stage]
        assert points == passing / len(table["tests"]) * table["max_score"]
        assert table["status"] == ("pass" if stage == "all" else "fail")
        assert table["tests"][0]["test_code"] == "pytest -p tinytorch --checkpoint 01"
        assert table["tests"][-1]["test_code"] == "pytest -p tinytorch --milestone 02"


class TestHostileText:
    def test_means_nothing_to_markdown(self, hostile):
        text = markdown.markdown_page(hostile)
        outside_code = re.sub(r"(?<!\\)`[^`]*`", "", text)
        assert r"\<script\>" in outside_code
        assert not re.search(r"(?<!\\)[<\[]", outside_code)
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)
        assert not re.search(r"^#+ heading", text, re.MULTILINE)
        assert text.count("`") % 2 == 0

    def test_stays_text_in_gradescope(self, hostile):
        table = json.loads(gradescope.gradescope_json(hostile))
        (adding,) = [test for test in table["tests"] if test["number"] == "01"][:1]
        assert HOSTILE.splitlines()[0] in adding["output"]
        assert {test["output_format"] for test in table["tests"]} == {"text"}

    @pytest.mark.parametrize("format", ["gradescope", "classroom"])
    def test_gives_no_orders_and_fits_a_variable(self, hostile, format):
        verdicts = {
            "checkpoint-01": Verdict(
                State.WRONG, {State.WRONG: 1}, headline=ORDERS + "\U0001f525" * 9000
            )
        }
        text = formats.FORMATS[format](replace(hostile, verdicts=verdicts))
        validate(format, text)
        encoded = text.encode("utf-8")
        assert len(encoded) < 10_000
        (adding,) = [t for t in json.loads(text)["tests"] if t["name"] == "01 adding"]
        lines = adding["output" if format == "gradescope" else "message"].splitlines()
        assert any("notice title=" in line for line in lines)
        assert not any(re.match(r"\s*::|.*##\[", line) for line in lines)
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800]", "".join(lines))

    def test_means_nothing_to_a_terminal_in_markdown(self, hostile):
        page = markdown.markdown_page(replace(hostile, warnings=(ORDERS,)))
        assert "all" in page.splitlines()[-1]
        assert not re.search("[\x1b\u202e\ud800]", page)
        page.encode("utf-8")

    def test_does_not_reach_the_badge(self, hostile):
        ElementTree.fromstring(badge.badge_svg(hostile))
        assert badge.badge_color(hostile) == badge.TROUBLE


def test_colors_of_the_badge_can_be_read():
    def luminance(value):
        parts = [int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for value in (*badge.COLORS.values(), badge.TROUBLE[1], "#3c4043"):
        assert 1.05 / (luminance(value) + 0.05) >= 4.5, value


def test_what_is_stale_or_to_do_is_told(hostile):
    stale = replace(
        hostile, state=hostile.state | {"checkpoint-01": State.TODO, "checkpoint-03": State.STALE}
    )
    assert badge.badge_color(stale) == badge.TROUBLE
    page = markdown.markdown_page(stale)
    assert "stale" in page
    assert " to do | 01 adding" in page


def test_half_a_character_in_a_message_spoils_no_file(tmp_path):
    root = toy.build(tmp_path)
    text = toy.REFERENCE["adding"].replace("return -x", 'raise ValueError("half \\udc80")')
    toy.write(root, {"tinytorch/adding.py": text})
    others = [name for name in options.EXPORTS if name != "json"]
    run = toy.pytest_in(root, *(f"--tinytorch-{name}={name}" for name in others))
    assert "INTERNALERROR" not in run.output
    assert run.json["units"]["checkpoint-01"]["headline"] == r"ValueError: half \udc80"
    assert sorted(others) == sorted(name for name in others if (root / name).is_file())


class TestFiles:
    def test_that_cannot_be_written_are_named_and_grant_nothing(self, tmp_path):
        root = toy.build(tmp_path)
        (root / "file").write_text("", encoding="utf-8")
        run = toy.pytest_in(root, "--tinytorch-badge=file/badge.svg")
        assert run.code == 4
        assert "cannot be written" in run.output
        assert "file" in run.output

    def test_are_whole_or_as_they_were(self, hostile, tmp_path, monkeypatch):
        file = tmp_path / "page.md"
        file.write_text("before", encoding="utf-8")

        def fails(progress):
            raise RuntimeError("in the middle")

        monkeypatch.setattr(formats, "FORMATS", {"markdown": fails})
        with pytest.raises(RuntimeError):
            formats.write_export(hostile, "markdown", file)
        assert file.read_text(encoding="utf-8") == "before"
        assert [f.name for f in tmp_path.glob("page*")] == ["page.md"]

    def test_tito_writes_the_same(self, tmp_path, monkeypatch):
        from click.testing import CliRunner

        from pytest_tinytorch.tito.main import main

        root = toy.build(tmp_path)
        monkeypatch.chdir(root)
        arguments = [part for name in options.EXPORTS for part in (f"--{name}", f"out/{name}")]
        done = CliRunner().invoke(main, ["report", *arguments])
        assert done.exit_code == 0, done.output
        assert sorted(f.name for f in (root / "out").iterdir()) == sorted(options.EXPORTS)
        assert json.loads((root / "out" / "json").read_text(encoding="utf-8"))["schema"] == 1


def test_markdown_without_a_run_counts_what_the_ledger_has(hostile):
    known = replace(hostile, verdicts={}, recorded_counts={"checkpoint-01": (2, 3)})
    assert "| ❌ wrong | 01 adding | 2 of 3 |" in markdown.markdown_page(known)
    assert "| 🔒 locked | 02 doubling |  |" in markdown.markdown_page(known)
