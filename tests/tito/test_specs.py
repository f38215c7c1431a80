"""`tito specs`: gutted specs grant nothing, until the course declares them in its settings."""

from __future__ import annotations

import json

import pytest

from pytest_tinytorch import settings
from pytest_tinytorch.evidence import ledger
from pytest_tinytorch.kit import record
from pytest_tinytorch.kit.files import kit_version
from pytest_tinytorch.kit.record import Record
from pytest_tinytorch.kit.specs import spec_digests
from tests.support import toy
from tests.support.kit import tito

GUTTED = toy.SPECS["specs/test_01_adding.py"].replace("assert add(x, y) == x + y", "pass")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A toy workspace that says it was made by `tito init`, with the current folder in it."""
    root = toy.build(tmp_path)
    text = Record(kit_version(), "toy", spec_digests(root)).text()
    (root / record.FILE).write_text(text, encoding="utf-8")
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "200")
    return root


def grants(root):
    events = ledger.read_ledger(root / ".tinytorch" / "ledger.jsonl").events
    return {toy.short(event.unit) for event in events if event.verdict == "passed"}


def doctor():
    found = {finding["what"]: finding for finding in json.loads(tito("doctor", "--json"))}
    return found["specs"]


def test_specs_of_the_kit_grant(root):
    assert toy.pytest_in(root).passed() == {"00"}
    assert grants(root) == {"00"}
    assert "The specs are the kit's." in tito("specs", "status")
    assert doctor()["well"]
    assert "nothing to declare" in tito("specs", "accept")


def test_gutted_specs_grant_nothing_and_everybody_says_so(root):
    toy.solve(root, "adding", "doubling", "squaring")
    toy.write(root, {"specs/test_01_adding.py": GUTTED})
    run = toy.pytest_in(root)
    assert (run.passed(), run.code, grants(root)) == (set(), 1, set())
    assert "! grants nothing: specs/test_01_adding.py differs from the kit's" in run.output
    assert "changed  specs/test_01_adding.py" in tito("specs", "status", code=1)
    table = json.loads(tito("specs", "status", "--json", code=1))
    assert (table["trusted"], table["differing"]) == (
        False,
        {"specs/test_01_adding.py": "changed"},
    )
    assert (doctor()["well"], "tito specs accept" in doctor()["mend"]) == (False, True)


def test_once_the_course_declares_them_they_grant(root):
    toy.solve(root, "adding", "doubling", "squaring")
    toy.write(root, {"specs/test_01_adding.py": GUTTED})
    assert "pytest.ini declares them" in tito("specs", "accept")
    run = toy.pytest_in(root)
    assert (len(run.passed()), run.code, len(grants(root))) == (6, 0, 6)
    assert "grants nothing" not in run.output
    assert "declare these" in tito("specs", "status")
    assert doctor()["well"]
    toy.write(root, {"specs/test_01_adding.py": GUTTED + "\n"})
    assert "grants nothing" in toy.pytest_in(root, "--checkpoint=00").output


def set_in(root):
    """The settings, without the table that a TOML file has them in."""
    found = settings.read_settings(root)
    return {name: value for name, value in found.items() if name != "ini_options"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = -p tinytorch\n"),
        ("pytest.ini", "[pytest]\ntinytorch_specs = 0\naddopts = -p tinytorch\n"),
        ("tox.ini", "[tox]\nenv_list = a\n\n[pytest]\naddopts = -p tinytorch\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = -p tinytorch\n"),
        ("pyproject.toml", '[project]\nname = "a"\n\n[tool.pytest.ini_options]  # ours\nx = "1"\n'),
        ("pyproject.toml", '[tool.pytest]\nx = "1"\n\n[tool.other]\ny = 1\n'),
        ("pyproject.toml", '[tool.pytest.ini_options]\nx = "1"\ntinytorch_specs = "0"\n'),
        ("pytest.toml", '[pytest]\nx = "1"\n'),
    ],
)
def test_the_setting_goes_where_the_others_are(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    before = set_in(tmp_path)
    new = settings.with_setting(name, text, "tinytorch_specs", "abc")
    (tmp_path / name).write_text(new, encoding="utf-8")
    assert set_in(tmp_path) == before | {"tinytorch_specs": "abc"}
    assert [x for x in text.splitlines() if "specs" not in x] == [
        x for x in new.splitlines() if "specs" not in x
    ]


def test_windows_line_ends_stay(root):
    file = root / "pytest.ini"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    toy.write(root, {"specs/test_01_adding.py": GUTTED})
    tito("specs", "accept")
    data = file.read_bytes()
    assert b"tinytorch_specs" in data
    assert data.count(b"\n") == data.count(b"\r\n")


def test_settings_that_it_cannot_write_to_are_told(root):
    text = '[tool]\npytest.ini_options.addopts = "-p tinytorch"\n'
    (root / "pytest.ini").unlink()
    toy.write(root, {"pyproject.toml": text, "specs/test_01_adding.py": GUTTED})
    assert "add tinytorch_specs = " in tito("specs", "accept", code=1)
    assert (root / "pyproject.toml").read_text(encoding="utf-8") == text
