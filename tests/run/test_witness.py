"""The witness: which modules are helpers, how many examples are drawn, and what the Judge hears of it."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pytest_tinytorch.evidence.digests import of_bytes
from pytest_tinytorch.run import witness
from pytest_tinytorch.run.witness import LEAST_EXAMPLES, helper_digests


def module(monkeypatch, name, file):
    """Let a module be imported from a file."""
    found = ModuleType(name)
    found.__file__ = file
    monkeypatch.setitem(sys.modules, name, found)
    return name


class TestHelpers:
    @pytest.mark.parametrize(
        ("path", "is_one"),
        [
            ("powers.py", True),
            ("tools/powers.py", True),
            ("tools/conftest.py", True),
            ("conftest.py", False),
            ("tinytorch/tensor.py", False),
            ("specs/laws.py", False),
            ("milestones/screen.py", False),
            ("reference/tinytorch/tensor.py", False),
            ("tests/support.py", False),
        ],
    )
    def test_are_what_belongs_to_the_person(self, tmp_path, monkeypatch, path, is_one):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"TWO = 2\n")
        name = module(monkeypatch, "powers", str(file))
        expected = {path: (of_bytes(b"TWO = 2\n"), file.stat().st_mtime_ns)} if is_one else {}
        assert helper_digests(tmp_path, [name]) == expected

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
    def test_are_found_through_a_link(self, tmp_path, monkeypatch):
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
        name = module(monkeypatch, "powers", str(tmp_path / "real" / "powers.py"))
        (tmp_path / "real" / "powers.py").touch()
        assert list(helper_digests(tmp_path / "link", [name])) == ["powers.py"]

    def test_are_nothing_that_is_installed_in_the_workspace(self, tmp_path, monkeypatch):
        place = tmp_path / "env" / "lib"
        monkeypatch.setattr(witness, "get_path", lambda name: str(place / name))
        file = place / "purelib" / "numpy.py"
        file.parent.mkdir(parents=True)
        file.touch()
        assert helper_digests(tmp_path, [module(monkeypatch, "numpy_", str(file))]) == {}

    @pytest.mark.parametrize("file", [None, 3])
    def test_are_files(self, tmp_path, monkeypatch, file):
        assert helper_digests(tmp_path, [module(monkeypatch, "odd", file), "not_imported"]) == {}


def an_item(function=None, owner=None):
    return SimpleNamespace(obj=function, cls=owner)


@given(st.integers())
def drawn_as_in_the_profile(x):
    pass


class TestExamples:
    def test_are_those_of_the_profile(self):
        asked = settings().max_examples
        assert witness.examples_of(an_item(lambda: None)) == asked
        assert witness.examples_of(an_item(drawn_as_in_the_profile)) == asked

    @pytest.mark.parametrize(
        ("given_settings", "expected"),
        [({"max_examples": 3}, 3), ({"phases": [Phase.explicit]}, 0), ({"deadline": None}, None)],
    )
    def test_are_fewer_if_the_spec_says_so(self, given_settings, expected):
        chosen = settings(**given_settings)
        expected = settings().max_examples if expected is None else expected
        assert (
            witness.examples_of(an_item(chosen(given(st.integers())(lambda x: None)))) == expected
        )
        machine = type("Machine", (), {"settings": chosen})
        assert witness.examples_of(an_item(owner=machine)) == expected


def report(helpers=(), examples=LEAST_EXAMPLES):
    return SimpleNamespace(
        tinytorch_testimony={"helpers": dict(helpers), "examples": examples},
    )


class TestTestimony:
    def test_is_of_all_reports(self):
        heard = witness.Testimony()
        for one in (report({"b.py": ["d1", 5]}), SimpleNamespace(), report({"a.py": ["d2", 6]})):
            heard.hear(one)
        assert heard.helpers() == {"a.py": "d2", "b.py": "d1"}
        assert heard.remark == ""

    def test_the_fewest_examples_count(self):
        heard = witness.Testimony()
        for examples in (24, 1, 100):
            heard.hear(report(examples=examples))
        assert heard.remark == "grants nothing: 1 example per spec, at least 25 are needed"

    def test_a_helper_is_settled_if_all_saw_it_as_it_is_and_it_was_there_before(self, tmp_path):
        file = tmp_path / "a.py"
        file.write_bytes(b"1")
        digest, time = witness.digest_and_time(file)
        for told, begun, settled in (
            ([(digest, time)], time + 1, True),
            ([(digest, time)], time, False),  # written since the run began
            ([("other", time)], time + 1, False),
            ([(digest, time), ("other", time)], time + 1, False),
            ([(digest, time - 1)], time + 1, False),  # written again
        ):
            heard = witness.Testimony()
            for one in told:
                heard.hear(report({"a.py": one}))
            assert (heard.unsettled(tmp_path, begun) == []) is settled
        file.unlink()
        heard = witness.Testimony()
        heard.hear(report({"a.py": (digest, time)}))
        assert heard.unsettled(tmp_path, time + 1) == ["a.py"]
