"""The page about the architecture: what it names is there, and its picture is true and calm."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import pytest

from pytest_tinytorch.website import architecture, tables
from pytest_tinytorch.website.rooms import DOOR, Room, arrows, rooms, rows
from tests.support import kit

PAGE = kit.ROOT / "docs" / "architecture.md"
PLUGIN = kit.ROOT / "pytest_tinytorch"
SVG = "{http://www.w3.org/2000/svg}"
SIZES = (architecture.WIDE, architecture.NARROW)


def room(name, *uses, pure=False):
    return Room(
        name, f"What is {name}, and what would a longer question be?", 3, frozenset(uses), pure
    )


HOUSES = {
    "the plugin": rooms(),
    "a ladder with two arrows that pass rooms by": [
        room("a", "b", "x", "y", "d"),
        room("b", "c"),
        room("c", "d"),
        room("d"),
        room("x", "d"),
        room("y", "e"),
        room("e", "d"),
    ],
    "one room": [room("a")],
}


def missing(text):
    """What a page names in code that is not there.

    A file may be named from the root or from the plugin; a name is one of the file named before it
    on its line. Commands have a space in them.
    """
    for line in text.splitlines():
        names = frozenset()
        for code in re.findall(r"`([^`]+)`", line):
            if "/" in code or code.endswith((".py", ".toml")):
                file = next((f for f in (PLUGIN / code, kit.ROOT / code) if f.exists()), None)
                names = defined(file) if file and file.suffix == ".py" else frozenset()
                if file is None:
                    yield code
            elif " " not in code and code not in names:
                yield code


def defined(file):
    """The functions and classes of a file, methods as ``Class.method``."""

    def named(body, before=""):
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield before + node.name
            if isinstance(node, ast.ClassDef):
                yield from named(node.body, f"{node.name}.")

    return frozenset(named(ast.parse(file.read_text(encoding="utf-8")).body))


def steps(text):
    """The steps of each way: heading to the lines of its list."""
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {
        part.partition("\n")[0]: re.findall(r"^\d+\. .+$", part, re.MULTILINE) for part in parts
    }


def test_every_file_and_function_that_is_named_is_there():
    assert list(missing(PAGE.read_text(encoding="utf-8"))) == []


def test_each_of_three_ways_names_file_and_function_at_every_step():
    ways = steps(PAGE.read_text(encoding="utf-8"))
    assert len(ways) == 3
    for lines in ways.values():
        assert len(lines) == 10
        assert all(re.match(r"\d+\. `[\w/]+\.py`, `[\w.]+`[:,] ", line) for line in lines)


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("`tito/watch.py`, `Watch.run`: well, and `tox -e lint` too", []),
        ("`tito/gone.py`, `Watch.run`", ["tito/gone.py", "Watch.run"]),
        ("`tito/watch.py`, `run`: a method is named with its class", ["run"]),
        ("`tito/watch.py`, `Watch.gone`", ["Watch.gone"]),
        ("`Watch.run` of no file", ["Watch.run"]),
        ("`tito/`, `gone/` and `pyproject.toml`", ["gone/"]),
    ],
)
def test_what_is_gone_is_noticed(line, gone):
    assert list(missing(line)) == gone


def test_the_rooms_are_those_of_the_plugin():
    found = {one.name: one for one in HOUSES["the plugin"]}
    folders = {file.parent for file in PLUGIN.glob("*/__init__.py")}
    assert found.keys() == {folder.name for folder in folders} | {DOOR}
    for folder in folders:
        one = found[folder.name]
        assert one.files == sum(file.name != "__init__.py" for file in folder.rglob("*.py"))
        assert f'"""{one.question}"""' in (folder / "__init__.py").read_text(encoding="utf-8")
    assert found[DOOR].files == len(list(PLUGIN.glob("*.py"))) - 1
    assert "export" in found["run"].uses
    assert {"course", "evidence", "terminal"} <= {name for name, one in found.items() if one.pure}
    assert not found["run"].pure
    assert not found[DOOR].pure


def test_what_follows_from_other_arrows_has_none():
    house = HOUSES["a ladder with two arrows that pass rooms by"]
    assert arrows(house) == [
        *(("a", "b"), ("a", "x"), ("a", "y"), ("b", "c"), ("c", "d")),
        *(("x", "d"), ("y", "e"), ("e", "d")),
    ]
    assert rows(house) == {"a": 0, "b": 1, "x": 1, "y": 1, "c": 2, "e": 2, "d": 3}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
@pytest.mark.parametrize("house", HOUSES.values(), ids=HOUSES)
class TestDrawing:
    def test_no_room_lies_on_another_or_beyond_the_edge(self, house, size):
        made = architecture.boxes(house, size)
        assert made.keys() == {one.name for one in house}
        assert all(box.x >= 0 and box.right <= size.width for box in made.values())
        for one, other in combinations(made.values(), 2):
            beside = one.right < other.x or other.right < one.x
            assert beside or one.bottom < other.y or other.bottom < one.y

    def test_arrows_go_down_and_touch_no_room_between(self, house, size):
        made, drawn = architecture.boxes(house, size), ET.fromstring(architecture.svg(house, size))
        lines = drawn.findall("polyline")
        assert len(lines) == len(arrows(house))
        for (start, end), line in zip(arrows(house), lines, strict=True):
            points = [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
            assert points[0][1] == pytest.approx(made[start].bottom)
            assert points[-1][1] == pytest.approx(made[end].y - 1)
            for (x, y), (to_x, to_y) in pairwise(points):
                assert to_y >= y
                assert x == to_x or y == to_y
                for box in made.values():
                    within = min(x, to_x) < box.right and max(x, to_x) > box.x
                    assert not (within and y < box.y - 0.5 and to_y > box.y)

    def test_every_question_is_there_whole_and_fits(self, house, size):
        said = [t.text for t in ET.fromstring(architecture.svg(house, size)).iter("text")]
        made = architecture.boxes(house, size)
        for one in house:
            lines = architecture.folded(one, made[one.name].width, size)
            assert " ".join(lines) == one.question
            assert {one.name, f"{one.files} files", *lines} <= set(said)
            inside = made[one.name].width - 2 * architecture.MARGIN
            assert max(map(len, lines)) * size.letters * architecture.LETTER <= inside

    def test_it_is_told_in_words_with_ids_of_the_page(self, house, size):
        drawn = ET.fromstring(architecture.svg(house, size))
        named = {node.get("id"): node for node in drawn.iter() if node.get("id")}
        assert all(name.startswith("architecture-") for name in named)
        title, desc = (named[name] for name in drawn.get("aria-labelledby").split())
        assert (title.tag, desc.tag) == ("title", "desc")
        assert all(f"{start} imports {end}" in desc.text for start, end in arrows(house))


def test_both_sizes_are_on_the_page_with_no_id_twice():
    ids = re.findall(r'\bid="([^"]+)"', architecture.drawing())
    assert len(ids) == len(set(ids)) == 6


def test_contracts_are_listed(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text('[[tool.importlinter.contracts]]\nname = "No circle"\n', encoding="utf-8")
    assert tables.contracts(file) == "- No circle."
    assert tables.contracts(kit.ROOT / "pyproject.toml").count("\n- ") >= 4
