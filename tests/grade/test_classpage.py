"""The page of a class: whole, safe whatever students are called, and readable on any screen."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_tinytorch.grade.classpage import bars_of, bins, class_page
from tests.grade.classes import a_class
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
    assert "Łukasz 陈 (s01) and Łukasz 陈 (s04): 9 functions, weight 346" in words(tree, "flags")
    assert "softmax, 95%: autograd.py:10 and autograd.py:14" in words(tree, "flags")
    assert "and 4 more" in words(tree, "flags")
    assert "(s02) and the worked solution: 2 functions, weight 130" in words(tree, "flags")
    assert "Similar is not copied." in words(tree, "flags")
    assert "3600.0 s" in words(tree, "times")
    assert len(list(tree.iter("tr"))) == 1 + 12
    assert "refused: not graded" in words(tree, "all")


def test_it_is_whole_for_a_class_of_none_and_of_one():
    for lines in ((), a_class().lines[:1], a_class().lines[3:4]):
        parsed(class_page(replace(a_class(), lines=lines, pairs=())))


def test_of_many_pairs_it_shows_the_first():
    whole = a_class()
    page = class_page(replace(whole, pairs=whole.pairs[:1] * 70))
    assert words(parsed(page), "flags").count("9 functions") == 50
    assert "20 more pairs are in summary.json." in page


def test_without_anything_to_look_at_it_has_no_such_section():
    whole = a_class()
    text = class_page(replace(whole, lines=whole.lines[:1], pairs=()))
    assert "To look at" not in text
    assert "Alike" not in text


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
    edges = [e.text for e in texts.iter("text") if e.get("class") == "edge"]
    assert edges == [*map(str, range(9)), "9–10"]


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
        file = tmp_path / "class.html"
        file.write_text(class_page(a_class(hostile=" a-very-long-name" * 3)), encoding="utf-8")
        tab = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        problems = []
        tab.on("console", lambda message: problems.append(message.text))
        tab.goto(file.as_uri())
        assert problems == []
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert browser.violations(tab, contrast=(width, scheme) == (1440, "dark")) == []
        if folder := os.environ.get("TINYTORCH_SCREENSHOTS"):
            tab.screenshot(path=Path(folder, f"class-{width}-{scheme}.png"), full_page=True)
        tab.close()
