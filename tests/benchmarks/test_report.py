"""The page that is made of what was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import drawing, report, table
from tests.support import kit

SAMPLE = json.loads(Path(__file__).with_name("sample.json").read_text(encoding="utf-8"))
SVG = "{http://www.w3.org/2000/svg}"
FIGURE = re.compile(r"^<figure>\n(<svg.*?</svg>)\n</figure>$", re.MULTILINE | re.DOTALL)
PAGES = {"the sample": report.page(SAMPLE)}
if (kit.ROOT / "docs/performance.md").is_file():
    PAGES["the page"] = (kit.ROOT / "docs/performance.md").read_text(encoding="utf-8")


def test_every_row_is_told():
    text = report.page(SAMPLE)
    rows, growth, headlines = SAMPLE
    for row in rows["rows"]:
        assert (
            f"| {row['name']} | {row['title']} | {row['beside']} | **{row['median']:.2f}** |"
            in text
        )
    for one in growth["growths"]:
        assert f"| {one['title']} | {one['size']} |" in text
    assert "A processor, 2 cores, 1 thread. python 3.12.1, numpy 2.1.0." in text
    assert "| 1.5 MB | 1.0 MB |" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert text.count("too much") == 1
    assert "| mlp-sgd | 0.80 | **0.45** | three products | loops that are one |" in text
    for one in headlines["headlines"]:
        assert f"| {one['title']} | {one['wanted']:.0%} |" in text
    assert "<!--" not in text.replace("<!-- made by", "")


def test_a_headline_is_told_with_accuracies_and_both_times():
    line = table.headline_line(SAMPLE[2]["headlines"][0]).replace("\N{NO-BREAK SPACE}", " ")
    assert line == (
        "| cifar10 | a network & its images, 7 epochs | 75% | 79.0% | 78.5%"
        " | 1,080 s | 900 s | **1.20** | 1,100 s | 45 s |"
    )


def test_headlines_of_several_runs_are_one_table():
    """Each takes long, so that one may want to run it on its own."""
    machine = SAMPLE[2]["machine"]
    other = SAMPLE[2] | {"machine": machine | {"processor": "Another processor"}}
    text = report.page([*SAMPLE, SAMPLE[2], other])
    assert text.count(table.HEADLINE_HEAD) == 1
    assert text.count("| a network & its images, 7 epochs |") == 3
    part = text.partition("## Headlines")[2].partition("## Growth")[0]
    assert (part.count("A processor"), part.count("Another processor")) == (1, 1)


def test_what_was_not_measured_is_said():
    assert report.page(SAMPLE[:2]).count("Not measured.") == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "2 cores, 1 thread"),
        ({"load": 2.0, "clock": "wall"}, "2 cores, 1 thread"),
        ({"load": 2.1}, "2 cores, busy with other programs, 1 thread"),
        ({"clock": "CPU"}, "2 cores, 1 thread, CPU times"),
    ],
)
def test_it_is_told_how_times_were_taken(more, words):
    machine = SAMPLE[0]["machine"] | more
    assert table.told(machine).startswith(f"A processor, {words}\npython")


def test_tables_come_before_growth():
    assert report.page(SAMPLE[::-1]) == report.page(SAMPLE)


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_pictures_are_whole(text):
    """A picture of each part, with words for those who do not see it, and ids that no other has."""
    figures = FIGURE.findall(text)
    assert len(figures) == text.count("<svg") >= 2
    for figure in figures:
        root = ET.fromstring(figure)
        names = [root.find(f"{SVG}{tag}") for tag in ("title", "desc")]
        assert [name.get("id") for name in names] == root.get("aria-labelledby").split()
        assert all(name.text.strip() for name in names)
        assert "\n\n" not in figure, "an empty line would end the HTML in Markdown"
        fills = {node.get("fill", "currentColor") for node in root.iter(f"{SVG}text")}
        assert fills <= {"currentColor", drawing.BLUE, drawing.ORANGE}
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_points_lie_where_their_ratios_are():
    """One is in the middle of a half and two, and what is slower lies further to the right."""
    rows = SAMPLE[0]["rows"]
    root = ET.fromstring(drawing.ratios(rows, "p"))
    places = [float(circle.get("cx")) for circle in root.iter(f"{SVG}circle")]
    by_ratio = sorted(zip((row["median"] for row in rows), places, strict=True))
    assert [place for _, place in by_ratio] == sorted(places)
    colors = [circle.get("fill") for circle in root.iter(f"{SVG}circle")]
    assert colors == [drawing.BLUE if r["median"] <= 1 else drawing.ORANGE for r in rows]


def test_everything_stays_inside_its_picture():
    for picture in (
        drawing.ratios(SAMPLE[0]["rows"], "p"),
        drawing.growths(SAMPLE[1]["growths"], "g"),
    ):
        root = ET.fromstring(picture)
        _, _, width, height = map(float, root.get("viewBox").split())
        for node in root.iter():
            for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
                assert 0 <= float(node.get(name, 0)) <= most
