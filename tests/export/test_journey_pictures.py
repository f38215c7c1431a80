"""The pictures that the journey page and the documentation share: to scale, and told in words."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import charts, cycle, datasets, depth, levels
from pytest_tinytorch.export.journey.album import ALBUM
from pytest_tinytorch.export.journey.markup import element
from pytest_tinytorch.export.journey.page import journey_page, picture_style
from pytest_tinytorch.export.journey.states import MEANINGS, state_word
from pytest_tinytorch.export.journey.views import View, view_of
from tests.support import journeys, kit

COURSE = kit.course()
NOBODYS = View(COURSE, lambda unit: f"{unit.name}.html")


def tree(drawn):
    """Any number of elements as one tree."""
    return ElementTree.fromstring(str(element("div", drawn)))


def words(node):
    return " ".join("".join(node.itertext()).split())


def of_class(node, name):
    return [e for e in node.iter() if name in e.get("class", "").split()]


def numbers_in(text):
    return [float(number) for number in re.findall(r"[\d.]+", text)]


def half_and(state):
    """Progress half way, with what the learner is at in this state."""
    progress = journeys.at("half")
    return replace(progress, state={**progress.state, progress.current.id: state})


@pytest.mark.parametrize("name", ALBUM)
class TestEveryPicture:
    def test_is_told_in_words(self, name):
        for view in (NOBODYS, *map(view_of, map(journeys.at, journeys.STAGES))):
            for drawing in tree(ALBUM[name](view)).iter("svg"):
                if drawing.get("aria-hidden") == "true":
                    continue
                ids = {child.get("id"): child for child in drawing if child.get("id")}
                told = [ids[label].text for label in drawing.get("aria-labelledby").split()]
                assert all(told)
                assert [ids[i].tag for i in drawing.get("aria-labelledby").split()] == [
                    "title",
                    "desc",
                ]

    def test_without_a_learner_has_no_states_and_leads_to_pages(self, name):
        drawn = tree(ALBUM[name](NOBODYS))
        classes = {one for e in drawn.iter() for one in e.get("class", "").split()}
        assert not classes & {
            *map(state_word, MEANINGS),
            "here",
            "walked",
            "mark",
            "you",
            "reached",
        }
        links = [a.get("href") for a in drawn.iter("a")]
        pages = {f"{unit.name}.html" for unit in COURSE.units}
        assert set(links) <= pages
        told = {e.get(name) for e in drawn.iter() for name in ("aria-label", "title")} - {None}
        assert not [text for text in told if re.search("passed|open|locked|plain", text)]
        assert not [a for a in drawn.iter("a") if re.search("passed|open|locked|plain", words(a))]

    def test_has_the_ids_and_links_of_a_page(self, name):
        drawn = tree(ALBUM[name](view_of(journeys.at("half"))))
        ids = [e.get("id") for e in drawn.iter() if e.get("id")]
        assert len(ids) == len(set(ids))
        assert {a.get("href") for a in drawn.iter("a")} <= {f"#{u.id}" for u in COURSE.units}

    def test_is_on_the_page_and_in_the_documentation(self, name):
        progress = journeys.at("half")
        assert str(ALBUM[name](view_of(progress))) in journey_page(progress)
        text = (kit.ROOT / "docs" / "course.md").read_text(encoding="utf-8")
        assert f"\n<!-- generated: picture of {name} -->\n" in text


class TestHowMuchPasses:
    @pytest.mark.parametrize("share", [0.0, 0.01, 1 / 3, 0.5, 0.99, 1.0])
    def test_a_meter_is_as_long_as_its_share(self, share):
        whole, part = (float(r.get("width")) for r in tree(charts.meter(share)).iter("rect"))
        assert part / whole == pytest.approx(share, abs=1e-3)

    def test_each_checkpoint_of_a_stage_has_its_own(self):
        drawn = tree(charts.bars(view_of(journeys.at("half")), COURSE.stages, "Stages"))
        labels = {
            a.get("aria-label"): words(of_class(a, "share")[0]) if of_class(a, "share") else ""
            for a in drawn.iter("a")
        }
        assert labels["03 layers, wrong, 67% of its specs pass"] == "67%"
        assert labels["10 tokenization, to do, 13% of its specs pass"] == "13%"
        assert labels["05 autograd, passed, 100% of its specs pass"] == "100%"
        assert labels["09 spatial, locked"] == ""
        assert len(of_class(drawn, "meter")) == len([text for text in labels.values() if text])

    def test_a_path_has_a_bar_of_what_is_passed_of_it(self):
        progress = journeys.at("on-the-way")
        for entry in of_class(tree(ALBUM["paths"](view_of(progress))), "path"):
            passed, total = map(int, re.search(r"(\d+) of (\d+) passed", words(entry)).groups())
            whole, part = (float(r.get("width")) for r in entry.iter("rect"))
            assert part / whole == pytest.approx(passed / total, abs=1e-3)


class TestLevels:
    def test_hold_every_unit_once_and_in_order(self):
        found = [u for level in COURSE.levels for u in levels.units_of(COURSE, level)]
        assert [unit.id for unit in found] == [unit.id for unit in COURSE.way]
        assert len(COURSE.levels) == 4

    def test_are_reached_with_all_that_belongs_to_them(self):
        def reached(progress):
            return [
                "reached" in words(one)
                for one in of_class(tree(levels.level_list(view_of(progress))), "rung")
            ]

        assert reached(journeys.at("finished")) == [True] * 4
        assert reached(journeys.at("on-the-way")) == [True, True, False, False]
        progress = journeys.at("on-the-way")
        without = {**progress.state, "milestone-03": State.WRONG}
        assert reached(replace(progress, state=without)) == [True, False, False, False]

    def test_say_where_the_learner_is(self):
        drawn = tree(levels.level_list(view_of(journeys.at("on-the-way"))))
        (here,) = [one for one in of_class(drawn, "rung") if "up next" in words(one)]
        assert words(here).startswith("Level 3Design")


class TestTimeAgainstDepth:
    def test_lies_where_weeks_and_modules_say(self):
        """Weeks to the right and modules upwards, both in proportion, from nothing."""
        for shape in depth.SHAPES:
            drawn = tree(depth.depth_picture(NOBODYS, shape))
            places = []
            for spot, group in zip(depth.spots(NOBODYS), of_class(drawn, "spot"), strict=True):
                first, at, last = numbers_in(of_class(group, "span")[0].get("d"))
                places += [
                    (spot.fewest, first, spot.modules, at),
                    (spot.most, last, spot.modules, at),
                ]
            width = drawn.find("svg").get("viewBox").split()[2]
            ticks = {
                t.text: float(t.get("x")) for t in drawn.iter("text") if t.get("class") == "middle"
            }
            week = (ticks["20"] - ticks["0"]) / 20
            lines = [numbers_in(p.get("d")) for p in of_class(drawn, "level")]
            floor = max(y for _, y, *_ in lines)
            for weeks, x, modules, y in places:
                assert x == pytest.approx(ticks["0"] + weeks * week, abs=0.2)
                assert y == pytest.approx(floor - modules * depth.MODULE)
                assert x <= float(width)

    def test_paths_that_coincide_are_one_spot(self):
        first, *rest = COURSE.learning_paths
        course = replace(COURSE, learning_paths=(first, *rest, replace(first, name="twin")))
        names = [spot.names for spot in depth.spots(View(course, NOBODYS.address))]
        assert names[0] == (first.name, "twin")
        assert names[1:] == [(path.name,) for path in rest]

    def test_says_how_far_the_learner_is_and_which_path_is_followed(self):
        drawn = tree(depth.depth_picture(view_of(journeys.at("half")), "wide"))
        assert "You have passed 4 modules." in words(drawn.find("svg/desc"))
        (followed,) = of_class(drawn, "followed")
        assert words(followed) == "complete"
        assert "you: 4" in words(drawn)


class TestWorkflow:
    @pytest.mark.parametrize(
        ("state", "step"),
        [
            (State.TODO, cycle.WRITE),
            (State.WRONG, cycle.FIX),
            (State.BROKEN, cycle.FIX),
            (State.STALE, cycle.RUN),
            (State.NOT_RUN, cycle.RUN),
        ],
    )
    def test_knows_the_step_that_is_next(self, state, step):
        view = view_of(half_and(state))
        assert cycle.next_step(view) is step
        drawn = tree(cycle.cycle(view))
        assert f"You are at: {step.name}." in words(drawn.find(".//desc"))
        (here,) = of_class(drawn, "here-step")
        assert f"{step.name}you are here{step.text}" in words(here)

    def test_is_over_when_all_is_passed_and_nobodys_has_no_step(self):
        assert cycle.next_step(view_of(journeys.at("finished"))) is cycle.GO_ON
        assert cycle.next_step(NOBODYS) is None

    def test_is_that_of_any_module_while_a_milestone_is_next(self):
        progress = journeys.at("finished")
        state = {**progress.state, "milestone-03": State.NOT_RUN}
        view = view_of(replace(progress, state=state))
        assert view.progress.current.is_milestone
        assert cycle.next_step(view) is None
        assert "tito module start NN" in words(tree(cycle.cycle(view)))

    def test_names_commands_for_where_the_learner_is(self):
        layers = [cycle.typed(step, COURSE.unit("checkpoint-03")) for step in cycle.STEPS]
        assert layers == [
            "tito docs 03",
            "tito module start 03",
            "tito watch 03",
            "tito module hint 03",
            "tito module complete 03",
        ]
        assert cycle.typed(cycle.RUN, COURSE.checkpoints[0]) == "tito checkpoint test 00"


class TestDataSets:
    def test_have_areas_in_proportion_to_their_memory(self):
        found = COURSE.datasets
        for shape in datasets.SHAPES:
            squares = of_class(tree(datasets.dataset_picture(found, shape)), "amount")
            areas = [float(s.get("width")) * float(s.get("height")) for s in squares]
            for one, area in zip(found, areas, strict=True):
                assert area / areas[-1] == pytest.approx(one.memory / found[-1].memory, rel=0.02)

    def test_say_which_milestone_uses_what_and_what_was_reached_there(self):
        progress = journeys.at("finished")
        shown = {**progress.notes["milestone-03"], "MNIST accuracy": "98.1%"}
        drawn = tree(
            datasets.strategy(
                view_of(replace(progress, notes={**progress.notes, "milestone-03": shown}))
            )
        )
        rows = {
            words(row.find("th/a")): words(row)
            for row in drawn.iter("tr")
            if row.find("th/a") is not None
        }
        assert [row.split()[0] for row in rows] == ["1957", "1969", "1986", "1998", "2017", "2018"]
        assert "TinyDigits" in rows["1986 mlp"]
        assert "MNIST, 12 MB, about a minute" in rows["1986 mlp"]
        assert "98.1%" in rows["1986 mlp"]
        assert "CIFAR-10, 170 MB, about 10 minutes" in rows["1998 cnn"]
        assert "nothing to load" in rows["1969 xor"]

    def test_are_those_that_the_milestones_load(self):
        """The table names what the code of a milestone imports."""
        kinds = {
            "tinydigits": "TinyDigits",
            "tinytalks": "TinyTalks",
            "mnist": "MNIST",
            "cifar10": "CIFAR10",
        }
        for unit in COURSE.milestones:
            test = kit.ROOT / unit.spec_path / f"test_{unit.number}_{unit.name}.py"
            named = re.findall(
                r"milestones\.experiments(?:\.(\w+)| import (\w+))", test.read_text("utf-8")
            )
            text = "".join(
                (kit.ROOT / "milestones" / "experiments" / f"{a or b}.py").read_text("utf-8")
                for a, b in named
            )
            lines = [line for line in text.splitlines() if "from tinytorch.datasets import" in line]
            loaded = {n for n, kind in kinds.items() if re.search(rf"\b{kind}\b", " ".join(lines))}
            used = {one.name for one in COURSE.datasets if unit.number in one.milestones}
            assert used == loaded, unit.label


def test_a_curriculum_without_paths_levels_and_data_has_none_of_their_sections():
    bare = replace(COURSE, learning_paths=(), levels=(), datasets=())
    states = dict.fromkeys((unit.id for unit in bare.units), State.TODO)
    page = journey_page(Progress(bare, states))
    for name in ("paths", "levels", "data"):
        assert f'id="{name}"' not in page
    assert 'id="workflow"' in page


def test_the_style_of_pictures_stands_on_its_own_on_another_page():
    style = picture_style(".somewhere")
    assert style.startswith(".somewhere {\n")
    assert style.count("{") == style.count("}")
    assert set(re.findall(r"[\d.]+rem", style)) == {"61.99rem", "44rem"}  # widths of the screen
    assert "body {" not in style
    for rule in (".hills {", ".needs .edge {", ".rung {", ".amount {"):
        assert rule in style
