"""The pictures of the journey page are laid out so that nothing stands in the way of anything."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_tinytorch.evidence import gate
from pytest_tinytorch.evidence.ledger import Achievement
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey import charts, flow, layers, numbers, ruler
from tests.support import journeys, kit


@st.composite
def graphs(draw):
    """Nodes, each with some of those before it as its needs."""
    count = draw(st.integers(1, 14))
    return {
        str(n): tuple(draw(st.sets(st.sampled_from([str(m) for m in range(n)]), max_size=4)))
        if n
        else ()
        for n in range(count)
    }


class TestLayers:
    @given(graphs(), st.integers(1, 4))
    def test_edges_go_down_and_keep_clear_of_nodes(self, needs, most):
        found = layers.layout(needs, most)
        assert found.nodes.keys() == needs.keys()
        for a, b in combinations(found.nodes.values(), 2):
            assert a[1] != b[1] or abs(a[0] - b[0]) >= 1 - 1e-9
        for (need, node), points in found.edges.items():
            assert points[0] == found.nodes[need]
            assert points[-1] == found.nodes[node]
            assert all(after[1] == before[1] + 1 for before, after in pairwise(points))
            for x, layer in points[1:-1]:
                near = [abs(x - at[0]) for at in found.nodes.values() if at[1] == layer]
                assert min(near, default=1) >= 0.6

    @given(graphs(), st.integers(1, 4))
    def test_layers_hold_no_more_than_they_may_and_nothing_leaves_the_canvas(self, needs, most):
        found = layers.layout(needs, most)
        rows = [layer for _, layer in found.nodes.values()]
        assert all(rows.count(layer) <= most for layer in rows)
        assert found.depth == max(rows) + 1
        assert all(0.5 - 1e-9 <= x <= found.breadth - 0.5 + 1e-9 for x, _ in found.nodes.values())
        bends = [x for points in found.edges.values() for x, _ in points]
        assert all(0 <= x <= found.breadth for x in bends)

    @given(graphs())
    def test_what_is_left_out_is_implied_and_nothing_else_is(self, needs):
        left = layers.reduced(needs)
        for node, own in needs.items():
            assert layers.closure(left, node) == layers.closure(needs, node)
            for need in left[node]:
                rest = {n: tuple(set(o) - {need}) if n == node else o for n, o in left.items()}
                assert need not in layers.closure(rest, node)
            assert set(left[node]) <= set(own)

    def test_an_edge_that_passes_a_layer_bends_around_its_nodes(self):
        found = layers.layout({"a": (), "b": ("a",), "c": ("b",), "d": ("a", "x"), "x": ("b",)}, 2)
        assert ("a", "d") not in found.edges
        found = layers.layout({"a": (), "b": ("a",), "y": (), "c": ("b", "y")}, 2)
        assert len(found.edges["y", "c"]) == 3

    @pytest.mark.parametrize(
        ("needs", "places"),
        [
            ("a: b:a c:b", "1 1 1"),  # a chain goes straight down
            ("a: b:a c:a d:a e:bcd", "1 0 1 2 1"),  # what fans out is symmetric
            ("x: y: z: b:z c:x d:y", "0 1 2 2 0 1"),  # and nothing crosses that need not
            ("a: b:a c:a d:c e:b", "1 0 1 1 0"),
        ],
    )
    def test_nodes_stand_as_near_as_can_be_to_what_they_need(self, needs, places):
        found = layers.layout({entry[0]: tuple(entry[2:]) for entry in needs.split()}, 3)
        columns = [x / layers.STEP - 0.5 for x, _ in found.nodes.values()]
        assert columns == [float(place) for place in places.split()]

    def test_edges_of_different_needs_run_apart_where_there_is_room(self):
        course = {unit.id: unit.needs for unit in kit.course().checkpoints}
        for needs in (course, {"a": (), "b": ("a",), "y": (), "z": (), "c": ("b", "y", "z")}):
            lanes = {}
            for (need, _), points in layers.layout(needs, 3).edges.items():
                assert all(lanes.setdefault(point, need) == need for point in points[1:-1])
            assert len(set(lanes.values())) > 1


class TestFlow:
    def test_milestones_stand_where_they_open(self):
        labels = [unit.label.split()[0] for unit in flow.order(kit.course())]
        assert " ".join(labels) == (
            "00 01 02 03 04 05 06 07 1957 1969 08 1986 09 1998 10 11 12 13 2017 "
            "14 15 16 17 18 19 20 2018"
        )

    @pytest.mark.parametrize("shape", flow.SHAPES, ids=lambda shape: shape.name)
    def test_rows_hold_every_unit_once_and_break_at_tiers(self, shape):
        found = flow.rows(kit.course(), shape.columns)
        assert [unit for row in found for unit in row.units] == flow.order(kit.course())
        assert all(1 < len(row.units) <= shape.columns for row in found)
        assert [row.title.name for row in found if row.title] == [
            *("Foundation", "Architecture", "Optimization")
        ]
        assert [row.units[0].number for row in found if row.title] == ["00", "08", "14"]

    @pytest.mark.parametrize("shape", flow.SHAPES, ids=lambda shape: shape.name)
    def test_stops_are_apart_and_the_line_turns_at_the_side_where_a_row_ends(self, shape):
        stops, height = flow.stops(flow.rows(kit.course(), shape.columns), shape)
        for a, b in combinations(stops, 2):
            assert abs(a.x - b.x) >= flow.PLAQUE[0] + 12 or abs(a.y - b.y) >= flow.ROW
        for a, b in pairwise(stops):
            assert a.row == b.row or a.x == pytest.approx(b.x)
        assert all(shape.margin <= s.x <= shape.width - shape.margin for s in stops)
        assert max(stop.y for stop in stops) < height


class TestPosition:
    @pytest.mark.parametrize(
        ("checkpoints", "milestones", "headline", "between"),
        [
            (0, 0, "Before 1957", (1953, 1954)),
            (4, 0, "Before 1957", (1954, 1956)),
            (8, 1, "Between 1957 and 1969", (1957, 1969)),
            (8, 2, "Between 1969 and 1986", (1969, 1970)),
            (9, 2, "Between 1969 and 1986", (1980, 1986)),
            (21, 5, "Between 2017 and 2018", (2017.5, 2018)),
            (21, 6, "Arrived in 2018", (2018, 2018)),
        ],
    )
    def test_is_between_what_is_passed_and_what_is_next(
        self, checkpoints, milestones, headline, between
    ):
        course = kit.course()
        units = (*course.checkpoints[:checkpoints], *course.milestones[:milestones])
        known = dict.fromkeys((unit.id for unit in units), State.PASSED)
        progress = Progress(course, gate.states_of_units(course, {}, known.get, set(), set()))
        found = ruler.position(progress)
        assert found.headline == headline
        assert between[0] <= found.year <= between[1]

    def test_an_edit_of_what_all_stands_on_sends_nobody_back_to_the_start(self):
        course = kit.course()
        once = {unit.id for unit in (*course.checkpoints[:9], *course.milestones[:2])}
        states = gate.states_of_units(course, {}, {}.get, once, set())
        assert State.PASSED not in states.values()
        found = ruler.position(Progress(course, states, achievements=journeys.proofs(course, once)))
        assert found.headline == "Between 1969 and 1986, to prove again"
        assert 1980 <= found.year <= 1986
        assert ruler.position_text(found, [1957, 2018]).endswith(
            "2018. To prove again: 1957, 1969."
        )

    def test_what_is_borrowed_is_not_on_the_way(self):
        course = kit.course()
        state = {u.id: State.BORROWED if u.year > 1998 else State.PASSED for u in course.units}
        assert ruler.position(Progress(course, state)).headline == "Arrived in 1998"


class TestClimb:
    @pytest.mark.parametrize("shape", charts.CLIMBS)
    def test_no_flag_stands_in_another(self, shape):
        width, _, _ = charts.CLIMBS[shape]
        step = (width - charts.LEFT - charts.RIGHT) / 20
        flags = charts.flags(kit.course(), [charts.LEFT + n * step for n in range(21)])
        assert [text for _, text, _ in flags] == ["1957, 1969", "1986", "1998", "2017", "2018"]
        for (x, text, row), (other, _, below) in combinations(flags, 2):
            apart = other >= x + charts.DIGIT * len(text)
            assert apart or below > row, f"{text} reaches over the pole of another"


class TestMeasures:
    @pytest.mark.parametrize(
        ("name", "shown", "value", "limit", "asked"),
        [
            ("trained accuracy", "97.5%", 0.975, 0.99, "at least 99%"),
            ("untrained accuracy", "47.5%", 0.475, 0.75, "at most 75%"),
            ("another", "12.5%", 0.125, None, ""),
            ("parameters", "6,010", None, None, ""),
            ("best in size", "90% sparse, 5.1 times smaller", None, None, ""),
            ("nats per character", "0.31, bigram 2.24", None, None, ""),
            ("trained accuracy", "nan%", None, None, ""),
            ("trained accuracy", "loss 0.05", None, None, ""),
            ("trained accuracy", 3, 3, 0.99, "at least 0.99"),
        ],
    )
    def test_are_read_from_what_a_milestone_shows(self, name, shown, value, limit, asked):
        found = numbers.measure(kit.course().unit("milestone-01"), name, shown)
        assert (found.value, found.limit, found.asked) == (value, limit, asked)
        assert found.shown == str(shown)

    def test_are_of_this_run_or_else_of_the_last_pass(self):
        course = kit.course()
        unit = course.milestones[0]
        proved = Progress(
            course, {}, achievements={unit.id: Achievement("", {"trained accuracy": "99.5%"})}
        )
        assert [m.shown for m in numbers.measures(proved, unit)] == ["99.5%"]
        ran = Progress(course, {}, achievements=proved.achievements, notes={unit.id: {"one": "1%"}})
        assert [m.shown for m in numbers.measures(ran, unit)] == ["1%"]

    @pytest.mark.parametrize("percent", [248, 100, 50, 16, 10, 1.5, 0])
    def test_have_bars_as_long_as_their_numbers(self, percent):
        """Of whatever one milestone shows, two bars are to each other as their numbers are."""
        unit = kit.course().unit("milestone-03")
        shown = {"first layer moved by": f"{percent}%", "test accuracy": "80%", "another": "40%"}
        progress = Progress(kit.course(), {}, notes={unit.id: shown})
        lengths = bar_lengths(numbers.table(progress, unit))
        assert lengths["first layer moved by"] / lengths["test accuracy"] == pytest.approx(
            percent / 80, abs=0.01
        )
        assert lengths["another"] == pytest.approx(lengths["test accuracy"] / 2, abs=0.1)
        assert max(lengths.values()) <= numbers.LENGTH

    def test_have_the_stroke_of_what_is_asked_for_on_the_same_scale(self):
        course = kit.course()
        unit = course.unit("milestone-06")
        progress = Progress(course, {}, notes={unit.id: journeys.NUMBERS["06"]})
        drawn = str(numbers.table(progress, unit))
        strokes = [float(x) for x in re.findall(r'd="M([\d.]+) 0V', drawn)]
        assert strokes == [4.0, 2.0, 2.0, 4.0, 5.0, 10.0]  # of 200 times and of 100%, 200 long
        lengths = bar_lengths(drawn)
        assert lengths["convolution"] == pytest.approx(143)
        assert lengths["cached generation"] == pytest.approx(9.6)
        assert lengths["GPT in INT8 loses"] == 0
        assert "A whole bar is 200 times or 100%." in drawn

    def test_have_a_whole_that_is_round_and_that_nothing_exceeds(self):
        assert [numbers.rounded_up(x) for x in (0.9, 1, 1.01, 2.48, 3, 51, 143)] == [
            *(1, 1, 2, 2.5, 5, 100, 200)
        ]


def bar_lengths(table):
    """Name of each number to the length of its bar."""
    found = {}
    for row in str(table).split("<tr>")[1:]:
        name, length = (
            re.search(pattern, row)
            for pattern in (r"<th[^>]*>([^<]*)<", r'width="([\d.]+)" height="6" class="fill"')
        )
        if name and length:
            found[name[1]] = float(length[1])
    return found
