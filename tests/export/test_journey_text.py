"""The journey page as text: what it holds at every stage and in every state, and that it is safe."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from pytest_tinytorch.course.curriculumfile import load_curriculum
from pytest_tinytorch.evidence.ledger import Achievement
from pytest_tinytorch.evidence.outcomes import State, Verdict
from pytest_tinytorch.evidence.progress import GroupCount, Progress, Task
from pytest_tinytorch.export import formats, journey
from pytest_tinytorch.export.journey import flow, needs
from pytest_tinytorch.export.journey.page import journey_page
from pytest_tinytorch.export.journey.pictures import LIMIT, read_pictures
from pytest_tinytorch.export.journey.states import MEANINGS, OFF_PATH, spoken, word_of
from tests.support import journeys, kit, toy

HOSTILE = (
    "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp; \x1b[31m \ud800 </style>"
)

ON_A_PATH = "on a path"
STATES = [state for state in MEANINGS if state != OFF_PATH]


def parsed(text):
    """A page as a tree; it is well-formed XML but for its style and its script."""
    return ElementTree.fromstring(re.sub(r"(?s)(<(style|script)>).*?(</\2>)", r"\1\3", text))


def all_of(tree, name):
    return [element for element in tree.iter() if element.tag == name]


@pytest.fixture(scope="module")
def toy_course(tmp_path_factory):
    return load_curriculum(toy.build(tmp_path_factory.mktemp("toy")) / "curriculum.toml")


def in_state(course, state):
    return Progress(course, dict.fromkeys((unit.id for unit in course.units), state))


@pytest.fixture(scope="module", params=[*journeys.STAGES, ON_A_PATH, *STATES])
def made(request, toy_course):
    """(progress, page as text, page as a tree) of each stage, on a path, and of a course all in one state."""
    name = request.param
    if name == ON_A_PATH:
        progress = journeys.on_a_path("vision", borrowed=["checkpoint-02"])
    else:
        progress = journeys.at(name) if name in journeys.STAGES else in_state(toy_course, name)
    text = journey_page(progress)
    return progress, text, parsed(text)


class TestEveryPage:
    def test_is_whole(self, made):
        progress, text, tree = made
        assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
        assert [child.tag for child in tree] == ["head", "body"]
        assert progress.verdict_line() in tree.findtext("head/title")

    def test_has_a_node_and_a_section_for_each_unit(self, made):
        progress, _, tree = made
        links = [(a.get("class", ""), a.get("href"), a) for a in all_of(tree, "a")]
        for unit in progress.curriculum.units:
            state = word_of(progress, unit)
            stops = [a for kind, to, a in links if kind.startswith("stop") and to == f"#{unit.id}"]
            nodes = [a for kind, to, a in links if kind.startswith("node") and to == f"#{unit.id}"]
            assert len(stops) == len(flow.SHAPES), unit.id
            assert len(nodes) == (0 if unit.is_milestone else len(needs.SHAPES)), unit.id
            for node in (*stops, *nodes):
                assert node.get("aria-label").startswith(f"{unit.label}, {spoken(state)}")
                assert node.find("use").get("href") == f"#mark-{state}"
            (section,) = [d for d in all_of(tree, "details") if d.find("div").get("id") == unit.id]
            assert section.findtext("summary/span") == spoken(state)
            assert unit.title in "".join(section.find("summary").itertext())

    def test_ids_are_unique_and_every_link_and_label_has_its_target(self, made):
        *_, tree = made
        ids = [element.get("id") for element in tree.iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        links = [e.get("href") for e in tree.iter() if e.get("href") not in (None, "data:,")]
        labels = " ".join(e.get("aria-labelledby", "") for e in tree.iter()).split()
        assert links
        assert {link[:1] for link in links} == {"#"}
        assert {link[1:] for link in links} <= set(ids)
        assert labels
        assert set(labels) <= set(ids)

    def test_asks_the_network_for_nothing(self, made):
        _, text, tree = made
        values = [value for element in tree.iter() for value in element.attrib.values()]
        assert not [value for value in values if re.search(r"//|^\w+:(?!,|image/png)", value)]
        assert not re.search(r"url\(|@import|fetch\(|XMLHttp|import\(|https?:", text)
        assert not [element for element in tree.iter() if "style" in element.attrib]
        assert not [a for e in tree.iter() for a in e.attrib if a.startswith("on")]

    def test_headings_go_down_one_level_at_a_time(self, made):
        *_, tree = made
        levels = [int(e.tag[1]) for e in tree.iter() if re.fullmatch(r"h\d", e.tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


class TestWhatItSays:
    def test_what_a_path_leaves_out_is_neither_borrowed_nor_missing(self):
        """Only 02 is borrowed: 10 to 20 and the milestones on them are no part of the way."""
        progress = journeys.on_a_path("vision", borrowed=["checkpoint-02"])
        text = " ".join(" ".join(parsed(journey_page(progress)).itertext()).split())
        assert "8–10 weeks: 01–09. Borrowed: 02. Not on it: 10–20, 2017, 2018." in text
        assert "Architecture 4–6 weeks 2 of 2 passed" in text
        assert "Optimization 4–6 weeks not on your path" in text
        assert "borrowed 1 it is taken from the reference" in text
        assert "off path 13 your learning path leaves it out" in text
        assert (
            "Level 3 Design 2 of 7 passed I can build networks that see and networks that write"
            in text
        )

    def test_next_is_the_first_task_and_the_command_that_runs_it(self):
        tree = parsed(journey_page(journeys.at("half")))
        found = [e for e in tree.iter() if e.get("class") == "next"]
        assert len(found) == 2
        for element in found:
            text = " ".join("".join(element.itertext()).split())
            assert "tinytorch/layers.py:118" in text
            assert "Linear.forward — 10 specs wait" in text
            assert "pytest -p tinytorch --checkpoint 03" in text

    def test_without_a_task_next_is_what_is_open(self, toy_course):
        for state, says in (
            ("not run", "pytest -p tinytorch --checkpoint 00"),
            (State.PASSED, "You passed everything"),
        ):
            (first, _) = [
                " ".join("".join(e.itertext()).split())
                for e in parsed(journey_page(in_state(toy_course, state))).iter()
                if e.get("class") == "next"
            ]
            assert first.startswith(says)

    def test_sentences_are_of_what_is_passed_and_say_since_when(self):
        progress = journeys.at("on-the-way")
        (found,) = [
            e for e in parsed(journey_page(progress)).iter() if e.get("class") == "sentences"
        ]
        told = ["".join(item.itertext()) for item in found]
        passed = [u for u in progress.curriculum.units if progress.state[u.id] == State.PASSED]
        assert len(told) == len(passed) == 12
        for unit, text in zip(passed, told, strict=True):
            assert text.startswith(unit.capability)
        assert told[0].endswith("00 environment, 1 January 2026")

    def test_numbers_stand_beside_what_was_asked_for(self):
        tree = parsed(journey_page(journeys.at("finished")))
        rows = {
            "".join(row.find("th").itertext()): [cell.text or "" for cell in row.findall("td")]
            for table in all_of(tree, "table")
            for row in table.findall("tbody/tr")
        }
        assert rows["untrained accuracy"] == ["47.5%", "", "at most 75%"]
        assert rows["trained accuracy"] == ["100%", "", "at least 99%"]
        assert rows["cached generation"] == ["9.6 times as fast", "", "at least 5"]
        assert rows["90% sparse loses"] == ["1.5%", "", "at most 2%"]
        assert rows["16 random ones"] == ["77.5%", "", ""]
        assert rows["nats per character"] == ["0.31, bigram 2.24"]

    def test_specs_are_counted_from_the_ledger_where_none_ran(self):
        ran, unit = journeys.at("half"), kit.course().unit("checkpoint-03")
        without = replace(ran, verdicts={}, recorded_counts={unit.id: (12, 31)})
        for progress, says in (
            (ran, "21 of 31 passed"),
            (without, "12 of 31 passed, when they last"),
        ):
            (found,) = [e for e in parsed(journey_page(progress)).iter() if e.get("id") == unit.id]
            assert says in "".join(found.itertext())

    def test_path_gains_and_warnings_are_told_first(self):
        tree = parsed(journey_page(replace(journeys.at("half"), grants=False)))
        (found,) = [e for e in tree.iter() if e.get("class") == "remarks"]
        text = "".join(found.itertext())
        assert "Passed in this run: 05 autograd." in text
        assert "complete, 14–20 weeks: 01–20. Borrowed: 14." in text
        assert "granted nothing" in text
        assert "ledger.jsonl:41" in text

    def test_a_curriculum_may_have_modules_and_nothing_else(self, toy_course):
        units = toy_course.checkpoints
        bare = replace(toy_course, units=units, tiers=(), stages=(), learning_paths=())
        tree = parsed(journey_page(in_state(bare, State.PASSED)))
        assert [s.get("id") for s in all_of(tree, "section") if s.get("id")] == [
            *("way", "capabilities", "workflow", "needs", "climb", "steps", "next")
        ]
        assert "".join(tree.find(".//h1").itertext()) == "Toy"
        assert len([a for a in all_of(tree, "a") if a.get("class", "").startswith("stop")]) == 12


class TestHostileText:
    def test_stays_text_wherever_a_learner_can_put_it(self, toy_course, tmp_path):
        adding, sums = toy_course.unit("checkpoint-01"), toy_course.unit("milestone-01")
        state = {unit.id: State.WRONG for unit in toy_course.units}
        progress = Progress(
            toy_course,
            state | {sums.id: State.PASSED},
            {adding.id: Verdict(State.WRONG, {State.WRONG: 1}, headline=HOSTILE)},
            groups={adding.id: (GroupCount(HOSTILE, 0, 1),)},
            tasks=(Task(adding, HOSTILE, HOSTILE, 3, 2, State.WRONG),),
            notes={sums.id: {HOSTILE: HOSTILE}},
            warnings=(HOSTILE,),
            achievements={sums.id: Achievement(HOSTILE)},
        )
        file = tmp_path / "page.html"
        formats.write_export(progress, "html", file)
        text = file.read_text(encoding="utf-8")
        tree = parsed(text)
        assert len(all_of(tree, "script")) == len(all_of(tree, "style")) == 1
        assert not all_of(tree, "img")
        shown = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp; \ufffd[31m"
        assert sum(shown in (part or "") for part in tree.itertext()) >= 9
        assert text.count("alert(1)") == text.count("onerror=alert(1)&gt;")


class TestPictures:
    def test_of_a_milestone_stand_with_it(self, toy_course, tmp_path):
        folder = tmp_path / ".tinytorch" / "plots"
        folder.mkdir(parents=True)
        (folder / "01_what_was_learned.png").write_bytes(journeys.png(30, 20))
        (folder / "02_large.png").write_bytes(journeys.png(30, 20) + bytes(2 * LIMIT))
        (folder / "01_no_picture.png").write_bytes(b"<svg onload='alert(1)'>" * 9)
        (folder / "notes.png").write_bytes(journeys.png(30, 20))
        formats.write_export(
            in_state(toy_course, State.PASSED), "html", tmp_path / "page.html", tmp_path
        )
        tree = parsed((tmp_path / "page.html").read_text(encoding="utf-8"))
        (image,) = all_of(tree, "img")
        assert image.get("src").startswith("data:image/png;base64,iVBOR")
        assert (image.get("width"), image.get("height")) == ("30", "20")
        assert image.get("alt") == "Plot: what was learned"
        (entry,) = [e for e in all_of(tree, "li") if e.find("div/figure") is not None]
        assert "1901" in "".join(entry.itertext())
        (told,) = [e for e in tree.iter() if e.get("class") == "left-out"]
        assert (
            told.text == "02_large.png is 600 kB, more than the 300 kB that this page can include."
        )

    def test_reach_the_page_from_pytest_and_from_tito(self, tmp_path, monkeypatch):
        from click.testing import CliRunner

        from pytest_tinytorch.tito.main import main

        root = toy.build(tmp_path)
        (root / ".tinytorch" / "plots").mkdir(parents=True)
        (root / ".tinytorch" / "plots" / "01_sum.png").write_bytes(journeys.png(30, 20))
        toy.pytest_in(root, "--tinytorch-html=pytest.html")
        monkeypatch.chdir(root)
        done = CliRunner().invoke(main, ["report", "--html", "tito.html"])
        assert done.exit_code == 0, done.output
        for name in ("pytest.html", "tito.html"):
            assert "data:image/png;base64,iVBOR" in (root / name).read_text(encoding="utf-8")

    def test_there_need_not_be_any(self, tmp_path):
        assert read_pictures(tmp_path) == ()


class TestColors:
    STYLE = Path(journey.__file__).with_name("journey.css").read_text(encoding="utf-8")
    TEXT = (
        "ink",
        "muted",
        "ember",
        "passed",
        "wrong",
        "todo",
        "stale",
        "borrowed",
        "locked",
        "open",
    )

    def ratio(self, one, other, theme):
        """The contrast of two colors, as WCAG counts it."""
        pair = [self.luminance(name, theme) for name in (one, other)]
        return (max(pair) + 0.05) / (min(pair) + 0.05)

    def luminance(self, name, theme):
        values = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", self.STYLE)
        value = values[1 if theme == "light" else 2]
        parts = [int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_can_be_read_in_pictures_too(self, theme):
        for name in self.TEXT:
            for ground in ("paper", "raised"):
                assert self.ratio(name, ground, theme) >= 4.5, (name, ground)
        for solid in ("passed", "wrong"):
            assert self.ratio("on-solid", solid, theme) >= 4.5, solid
        for bar in ("passed", "ink"):
            assert self.ratio(bar, "line", theme) >= 3, bar
