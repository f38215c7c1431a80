"""What an edit can reach: verdicts on all else stay where they are."""

from __future__ import annotations

import ast
import json

import pytest

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.lsp import sight
from pytest_tinytorch.lsp.parts import edit_between, parts_of
from pytest_tinytorch.lsp.reach import graph_of, is_reached, words_in
from tests.support import kit, toy
from tests.support.long import one_in

FILE = "tinytorch/layers.py"
TEXT = '''"""03 · Layers."""

from tinytorch.base import Thing, checked

SIZES = {"small": 1}


def helper(x):
    return x + 1


@checked
def relu(x, least=0):
    """At least zero."""
    return helper(x)


def sigmoid(x):
    return x


class Layer(Thing):
    """A layer."""

    kind = "layer"

    def __init__(self):
        self.size = SIZES["small"]

    def forward(self, x):
        return sigmoid(x)


class Other(Thing):
    def forward(self, x):
        return x
'''
SPECS = {
    "of relu": "def test(self, x):\n    assert call(relu, x) > 0\n",
    "of sigmoid": "def test(self, x):\n    assert call(sigmoid, x) > 0\n",
    "of layer": "def test(self, x):\n    assert Layer().forward(x) > 0\n",
    "of other": "def test(self, x):\n    assert Other().forward(x) > 0\n",
    "by name": "def test(self, x):\n    assert getattr(layers, 'relu')(x) > 0\n",
}
ALL = {*SPECS}


LAZY = "relu, sigmoid = lazy('layers', 'relu', 'sigmoid')\n"


def edit(after, before=TEXT):
    return edit_between(((FILE, before),), ((FILE, after),))


def reached(after, before=TEXT):
    """The specs that an edit reaches."""
    found, graph = (
        edit(after, before),
        graph_of((("specs/test_03_layers.py", LAZY),), ((FILE, before),)),
    )
    words = {name: words_in(ast.parse(text)) for name, text in SPECS.items()}
    return {name for name, asked in words.items() if found.reaches(graph.reached(asked))}


class TestEdits:
    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ("", "", set()),
            ("return x + 1", "return x + 2", {"of relu", "by name"}),
            ("return helper(x)", "return 1", {"of relu", "by name"}),
            ("    return x\n\n\nclass L", "    return 2\n\n\nclass L", {"of sigmoid", "of layer"}),
            ("return sigmoid(x)", "return 3", {"of layer"}),
            ("self.size = S", "size = S", {"of layer"}),
            ("def helper", "def new(x):\n    return 1\n\n\ndef helper", set()),
            ("def helper", "# a comment\n\ndef helper", set()),
            ('{"small": 1}', '{"small": 2}', ALL),
            ("least=0", "least=1", ALL),
            ("@checked\n", "", ALL),
            ('kind = "layer"', 'kind = "other"', ALL),
            ("class Other(Thing)", "class Other(Layer)", ALL),
            ("import Thing", "import Thing, more", ALL),
            ("def sigmoid(x):\n    return x\n", "", ALL),
            ("def helper(x):", "def helper(x=now()):", ALL),
            ("return x + 1", "return x +", ALL),
            ("return x + 1", "break", ALL),
        ],
    )
    def test_reach_what_asks_for_a_function_that_differs(self, old, new, expected):
        assert old in TEXT
        assert reached(TEXT.replace(old, new, 1)) == expected

    def test_of_what_runs_on_import_reach_everything(self):
        text = TEXT + "\n\nSTART = helper(1)\n"
        assert reached(text.replace("return x + 1", "return x + 2"), text) == ALL

    def test_of_what_an_operator_asks_for_reach_who_has_such_an_object(self):
        text = TEXT + "\n    def __add__(self, other):\n        return helper(other)\n"
        after = text.replace("return x + 1", "return x + 2")
        assert reached(after, text) == {"of relu", "by name", "of other"}

    def test_of_what_runs_in_any_case_reach_everything(self):
        text = TEXT + "\n\nfor name in 'ab':\n    helper(name)\n"
        assert reached(text.replace("return x + 1", "return x + 2"), text) == ALL

    def test_of_what_a_module_gives_that_it_has_not_reach_who_asks_for_the_module(self):
        text = TEXT + "\n\ndef __getattr__(name):\n    return helper(name)\n"
        after = text.replace("return x + 1", "return x + 2")
        assert reached(after, text) == {"of relu", "by name"}  # this one has the word ``layers``
        graph = graph_of((), (("tinytorch/layers.py", text),))
        asked = words_in(ast.parse("from tinytorch.layers import anything"))
        assert edit(after, text).reaches(graph.reached(asked))
        assert not edit(after, text).reaches(graph.reached(frozenset({"anything"})))

    def test_of_a_base_reach_what_derives_from_it(self):
        text = TEXT.replace("Other(Thing)", "Other(Layer)")
        assert reached(text.replace("self.size = S", "size = S"), text) == {"of layer", "of other"}

    def test_of_a_file_whose_text_is_not_known_reach_everything(self):
        found = edit_between((), ((FILE, TEXT),))
        assert found.reaches(frozenset())

    def test_move_what_stays_the_same(self):
        found = edit(TEXT.replace("def helper", "# a comment\n\n\ndef helper"))
        assert [found.line(FILE, line) for line in (8, 9, 12, 15, 27)] == [11, 12, 15, 18, 30]
        assert found.line(FILE, 5) is None  # in no function
        assert found.line("tinytorch/other.py", 5) == 5

    def test_a_property_that_is_defined_twice_counts_as_a_whole(self):
        text = "class A:\n    @property\n    def x(self):\n        return 1\n\n"
        text += "    @x.setter\n    def x(self, value):\n        pass\n"
        for old, new in (("return 1", "return 2"), ("pass", "self.y = value")):
            found = edit(text.replace(old, new), text)
            assert found.reaches(frozenset({"A", "x"}))


@pytest.mark.slow
@pytest.mark.parametrize("number", one_in(6, ["02", "01", "03", "04", "05", "06", "07"]))
def test_nothing_is_run_that_is_not_reached(tmp_path, number):
    """The worked solution, with one example of each property, seen by a profiler."""
    told = tmp_path / "calls.json"
    given = ["--reference", f"--ledger={tmp_path / 'ledger.jsonl'}", "--checkpoint", number]
    given += ["--hypothesis-profile=glance", "-p", "glance_plugin", "-p", "calls_plugin"]
    run = toy.pytest_in(
        kit.ROOT, *given, "--no-isolate", "--no-gate", variables={"CALLS_FILE": str(told)}
    )
    calls = json.loads(told.read_text(encoding="utf-8"))
    assert calls, run.output
    curriculum = kit.course()
    unit = curriculum.unit(UnitId(f"checkpoint-{number}"))
    needed = curriculum.closure([unit.id])
    others = {u.name for u in curriculum.checkpoints if u.source and u.id not in needed}
    texts = {
        file.stem: file.read_text(encoding="utf-8")
        for file in sorted((kit.REFERENCE / "tinytorch").glob("*.py"))
        if file.stem not in others
    }
    functions = {(module, name) for module in texts for name in parts_of(texts[module]).functions}
    spec = (kit.ROOT / unit.spec_path).read_text(encoding="utf-8")
    package = tuple((f"tinytorch/{module}.py", text) for module, text in texts.items())
    graph = graph_of(((unit.spec_path, spec), *sight.helpers_of(kit.ROOT)), package)
    missed, spared = set(), 0
    for nodeid, called in calls.items():
        own = {(module, name) for module, name in called}
        assert {module for module, _ in own} <= {*texts, *others}
        asked = sight.asked_by_spec(spec, nodeid)
        words = graph.reached(asked) if asked is not None else None
        for module, name in functions:
            owner, _, last = name.rpartition(".")
            there = words is None or is_reached(owner, last, words)
            spared += not there
            missed |= {(nodeid, module, name)} if (module, name) in own and not there else set()
    assert not missed
    assert spared
