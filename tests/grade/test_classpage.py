"""The page of a class: whole, safe whatever students are called, and readable on any screen."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade import flagpage
from pytest_tinytorch.grade.classpage import MARGIN, SHAPES, bars_of, bins, class_page
from pytest_tinytorch.grade.grades import Ending, Grade
from pytest_tinytorch.grade.similarity import Common
from tests.grade.classes import a_class, a_real_class
from tests.grade.test_rings import copies
from tests.support import browser, pages

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp; \x1b[31m \u202e</style>"


def parsed(text):
    return ElementTree.fromstring(re.sub(r"(?s)(<(style)>).*?(</\2>)", r"\1\3", text))


def words(tree, name):
    (found,) = [e for e in tree.iter("section") if e.get("id") == name]
    return " ".join("".join(found.itertext()).split())


def test_it_shows_what_there_is_to_know():
    tree = parsed(class_page(a_class()))
    assert "10 of 12 submissions graded · 1 refused · 1 ended" in "".join(tree.itertext())
    assert "01 tensor8 of 12" in words(tree, "units")
    assert words(tree, "exercises").startswith("What goes wrong")
    assert "it did not end within 90 minutes" in words(tree, "flags")
    assert "autograd.py:12 torch: has ready answers for exercises" in words(tree, "flags")
    assert "autograd.py:30 sys.modules (3 places): reaches what" in words(tree, "flags")
    assert "Łukasz 陈 (s01) and Łukasz 陈 (s04): 9 functions, weight 346" in words(tree, "alike")
    assert "softmax, 95%: autograd.py:10 and autograd.py:14" in words(tree, "alike")
    assert "and 4 more" in words(tree, "alike")
    assert "(s02) and the worked solution: 2 functions, weight 130" in words(tree, "alike")
    assert "Similar is not copied." in words(tree, "alike")
    assert "3600.0 s" in words(tree, "times")
    assert len(list(tree.iter("tr"))) == 1 + 12
    (refused,) = [row for row in tree.iter("tr") if row.get("id") == "row-4"]
    assert ["".join(cell.itertext()) for cell in refused] == [
        "Łukasz 陈s03",
        "0refused",
        "flags",
        "not graded: it is not what a submission is",
    ]
    assert "To look at: 3 with flags, 3 alike" in "".join(tree.itertext())


def test_it_is_whole_for_a_class_of_none_and_of_one():
    for lines in ((), a_class().lines[:1], a_class().lines[3:4]):
        parsed(class_page(replace(a_class(), lines=lines, pairs=())))


def test_grades_come_before_what_to_look_at():
    tree = parsed(class_page(a_class()))
    names = [section.get("id") for section in tree.iter("section")]
    assert names == ["points", "all", "units", "exercises", "flags", "alike", "times"]


def ring_of(count):
    """The page of a class in which so many handed in equal copies, and others work of their own."""
    line = a_class().lines[0]
    lines = tuple(replace(line, id=f"s{n:03}", name="") for n in range(count + 5))
    return class_page(replace(a_class(), lines=lines, pairs=copies(count)))


@pytest.mark.parametrize(
    ("count", "folded"), [(2, 0), (3, 1), (flagpage.MOST_NAMES + 1, 1), (30, 2)]
)
def test_equal_copies_are_one_entry(count, folded):
    tree = parsed(ring_of(count))
    (entries,) = [e for e in tree.iter("section") if e.get("id") == "alike"]
    (entry,) = entries.find(".//ul[@class='flags']")
    assert len([*entry.iter("details")]) == folded
    assert {f"#row-{n + 1}" for n in range(count)} == {a.get("href") for a in entry.iter("a")}
    pairs = words(tree, "alike").count("9 functions, weight 300")
    assert pairs == min(count - 1, 1 + flagpage.MOST_LINKS)
    assert ("8 more pairs are in summary.json" in words(tree, "alike")) == (count == 30)


def test_200_equal_copies_leave_the_page_short():
    before, after = (len(ring_of(count)) for count in (2, 200))
    assert after - before < 300 * 1024


def test_what_most_have_is_told_without_any_pair():
    whole = replace(a_class(), pairs=())
    ids = tuple(line.id for line in whole.lines)
    common = Common("tensor.py", ids, True), Common("layers.py", ids[:2])
    tree = parsed(class_page(replace(whole, common=common)))
    told = words(tree, "alike")
    assert "tensor.py, 12 submissions and the worked solution: Łukasz 陈 (s00)" in told
    assert "and 6 more" in told
    assert "layers.py, 2 submissions: " in told
    assert "If you gave them out yourself, that is why" in told
    assert "If you gave" not in class_page(a_class())


def test_of_many_rings_it_shows_the_first():
    line, (pair, _) = a_class().lines[0], a_class().pairs
    lines = tuple(replace(line, id=f"s{n:03}") for n in range(120))
    found = [replace(pair, first=lines[n].id, second=lines[n + 1].id) for n in range(0, 120, 2)]
    page = class_page(replace(a_class(), lines=lines, pairs=tuple(found)))
    assert words(parsed(page), "alike").count("9 functions") == 50
    assert "10 more are in summary.json, pair by pair." in page


def test_a_row_leads_to_what_there_is_to_look_at():
    tree = parsed(class_page(a_class()))
    links = {
        row.get("id"): [a.get("href") for a in row.iter("a")]
        for row in tree.iter("tr")
        if row.get("id")
    }
    assert {row: found for row, found in links.items() if found} == {
        "row-2": ["#flag-2", "#alike"],
        "row-3": ["#alike"],
        "row-4": ["#flag-4"],
        "row-5": ["#alike"],
        "row-6": ["#flag-6"],
    }


class TestNumbers:
    """Of a class of which some have handed in nothing, and of one the machine failed."""

    def class_of(self, *points, uncounted=()):
        line = replace(a_class().lines[0], full=8.0)
        graded = [replace(line, id=f"g{n}", points=own) for n, own in enumerate(points)]
        others = [
            replace(line, id=f"u{n}", points=0.0, units={}, grade=Grade(ending))
            for n, ending in enumerate(uncounted)
        ]
        return replace(a_class(), lines=(*graded, *others), pairs=())

    def test_count_nobody_who_has_handed_in_nothing(self):
        whole = self.class_of(
            8.0, 6.0, 1.0, uncounted=[Ending.ABSENT] * 3 + [Ending.VOID, Ending.ENDED]
        )
        tree = parsed(class_page(whole))
        text = " ".join("".join(tree.itertext()).split())
        assert "3 of 5 submissions graded · 3 absent · 1 ended · 1 void" in text
        told = "Median 3.5, mean 3.75 of 8 points, over 4 submissions."
        assert f"{told} Not counted: 3 absent, 1 void." in text
        assert "0 points: 1;" in words(tree, "points")
        for name in ("points", "units"):
            assert "Not counted: 3 absent, 1 void." in words(tree, name)
        assert "0 of 4" in words(tree, "units")
        cells = [e.text for e in tree.iter("td") if e.get("class") == "points"]
        assert cells == ["8", "6", "1", "–", "–", "–", "–", "0"]

    def test_say_nothing_of_absent_students_where_there_are_none(self):
        assert "Not counted" not in class_page(self.class_of(8.0))

    def test_are_none_of_a_class_in_which_nobody_handed_anything_in(self):
        page = class_page(self.class_of(uncounted=[Ending.ABSENT]))
        assert "No submission has points to count yet." in page
        assert "0 of 0 submissions graded · 1 absent" in page


class TestLegend:
    def legend(self, summary):
        (found,) = [e for e in parsed(class_page(summary)).iter("ul") if e.get("class") == "legend"]
        return [" ".join("".join(item.itertext()).split()) for item in found]

    def with_states(self, *found):
        whole = a_class(1)
        states = {unit.id: state for unit, state in zip(whole.units, found, strict=False)}
        (line,) = whole.lines
        return replace(whole, lines=(replace(line, grade=replace(line.grade, states=states)),))

    def test_says_what_each_mark_of_the_table_means(self):
        found = self.legend(self.with_states(*[State.PASSED] * 2, State.BROKEN, State.NOT_RUN))
        assert found == [
            "passed 2 every spec holds for the current source",
            "broken 1 it cannot be imported, or does not finish",
            "borrowed 4 taken from the reference, for everybody",
            "not measured 1 a spec could not be measured",
        ]

    @pytest.mark.parametrize("state", State)
    def test_knows_every_state(self, state):
        found = self.legend(self.with_states(*[state] * 8))
        assert [line.split(" 8 ")[0] for line in found] == [
            "not measured" if state == State.NOT_RUN else state
        ]

    def test_is_missing_where_there_are_no_marks(self):
        whole = a_class()
        page = class_page(replace(whole, lines=whole.lines[3:4], pairs=()))
        assert 'class="legend"' not in page


def test_without_anything_to_look_at_it_has_no_such_section():
    whole = a_class()
    text = class_page(replace(whole, lines=whole.lines[:1], pairs=()))
    assert "To look at" not in text
    assert "Alike" not in text
    assert 'class="look"' not in text


def test_nothing_in_it_is_the_students_to_command():
    text = class_page(a_class(hostile=HOSTILE))
    tree = parsed(text)
    assert not [e for e in tree.iter() if e.tag in ("script", "img", "iframe", "object", "form")]
    assert not [a for e in tree.iter() for a in e.attrib if a.startswith("on")]
    assert "\x1b" not in text
    assert "\u202e" not in text
    (policy,) = [e.get("content") for e in tree.iter("meta") if e.get("http-equiv")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy


def test_it_loads_nothing(tmp_path):
    file = tmp_path / "class.html"
    file.write_text(class_page(a_class()), encoding="utf-8")
    page = pages.read(file)
    assert [load for load in page.loads if load[0] != "#" and load != "data:,"] == []
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= page.anchors
    assert {"#row-2", "#row-4", "#row-5"} <= {*page.links}


@pytest.mark.parametrize(
    ("points", "full"), [([0, 1, 5], 5), ([0, 12.5, 25, 99.9, 100], 100), ([0.5], 2), ([26], 26)]
)
def test_each_submission_is_in_one_bar(points, full):
    found = bins(points, full)
    assert sum(count for _, count in found) == len(points)
    assert len({label for label, _ in found}) == len(found)


def test_the_bar_of_full_marks_says_so():
    texts = parsed(f"<div>{bars_of(bins([0, 2.5, 10], 10), 'wide')}</div>")
    edges = {e.text: float(e.get("x")) for e in texts.iter("text") if e.get("class") == "edge"}
    assert [*edges] == [*map(str, range(11))]
    assert (edges["0"], edges["10"]) == (MARGIN, SHAPES["wide"][0] - MARGIN)


def test_the_menu_calls_sections_as_their_heads_do():
    tree = parsed(class_page(a_class()))
    (menu,) = tree.iter("nav")
    links = {link.get("href"): "".join(link.itertext()) for link in menu.iter("a")}
    for name in ("exercises", "flags"):
        assert words(tree, name).startswith(links[f"#{name}"])


@pytest.fixture(scope="module")
def chromium():
    with browser.running() as found:
        yield found


class TestBrowser:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [360, 1440])
    def test_it_fits_and_can_be_read(self, chromium, tmp_path, width, scheme):
        pages = {"long names": a_class(hostile=" a-very-long-name" * 3), "class": a_real_class()}
        file = tmp_path / "class.html"
        tab = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        problems = []
        tab.on("console", lambda message: problems.append(message.text))
        for name, summary in pages.items():
            file.write_text(class_page(summary), encoding="utf-8")
            tab.goto(file.as_uri())
            tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert problems == []
            assert tab.evaluate("document.documentElement.scrollWidth") == width
            assert browser.violations(tab, contrast=(width, scheme) == (1440, "dark")) == []
            if folder := os.environ.get("TINYTORCH_SCREENSHOTS"):
                tab.screenshot(path=Path(folder, f"{name}-{width}-{scheme}.png"), full_page=True)
        tab.close()
