"""Copies are found however they are disguised, independent work is not; work grows as a class does."""

from __future__ import annotations

import ast
import textwrap
from collections import Counter
from dataclasses import replace

import pytest

from pytest_tinytorch.grade import fingerprints, similarity
from pytest_tinytorch.grade.fingerprints import Body, bodies_of
from pytest_tinytorch.grade.grades import Ending, Grade
from pytest_tinytorch.grade.jobs import Result
from pytest_tinytorch.grade.rings import rings_of
from pytest_tinytorch.grade.session import compared, merge_classes
from pytest_tinytorch.grade.similarity import REFERENCE, Known, alike_pairs, common_files, rarity
from pytest_tinytorch.grade.store import Store
from pytest_tinytorch.grade.summary import csv_text, likenesses, read_summary, submission_of
from tests.grade import likeness
from tests.grade.classes import a_class
from tests.grade.disguises import EASY, HARD, disguised, functions
from tests.grade.likeness import bodies, copy, independent, is_found, only, pairs, reference
from tests.support import kit
from tests.support.long import is_long

WEEKS = ("tensor.py", "activations.py", "layers.py")
"""An assignment."""


def marks(source):
    (body,) = bodies_of({"a.py": textwrap.dedent(source).encode()}, {})
    return set(body.marks)


FUNCTION = """
    def f(x, y, *, dim=None):
        total = np.exp(x - x.max(axis=dim, keepdims=True)) * y
        if total.sum() < 1:
            raise ValueError(f"total is {total}")
        for row in range(len(x)):
            total[row] += np.sqrt(y[row] ** 2 + 1)
        return total / total.sum(axis=dim)
"""
SAME = {
    "names": ("total", "t"),
    "arguments": ("x", "first"),
    "messages": ("total is", "not enough:"),
    "operands": ("y[row] ** 2 + 1", "1 + y[row] ** 2"),
    "sides": ("total.sum() < 1", "1 > total.sum()"),
    "sums": ("total[row] += np", "total[row] = total[row] + np"),
    "comments": ("return", "# the end\n        return"),
    "annotations": ("x, y, *", "x: Array, y: Array = 1, *"),
    "docstrings": ("dim=None):", 'dim=None):\n        """All."""\n        pass'),
}


@pytest.mark.parametrize("what", SAME)
def test_a_body_has_the_same_marks_with_other(what):
    before, after = SAME[what]
    assert before in FUNCTION
    if what == "arguments":
        changed = disguised(
            textwrap.dedent(FUNCTION), 0, lambda tree, _: renamed(tree, before, after)
        )
    else:
        changed = FUNCTION.replace(before, after)
    assert marks(changed) == marks(FUNCTION)


def renamed(tree, before, after):
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.arg == before:
            node.arg = after
        elif isinstance(node, ast.Name) and node.id == before:
            node.id = after


@pytest.mark.parametrize(
    ("before", "after"),
    [("x.max", "y.max"), ("< 1", "< 2"), ("axis=dim, k", "axis=0, k"), ("exp", "log")],
)
def test_a_body_that_does_something_else_has_others(before, after):
    assert marks(FUNCTION.replace(before, after, 1)) != marks(FUNCTION)


def test_bodies_have_their_names_and_places():
    source = (
        b"class A:\n    def f(self):\n        return 1\n\n\n"
        b"defvjp(mul, lambda g: g)\n\n\ndef g():\n    pass\n"
    )
    found = [(body.name, body.line) for body in bodies_of({"a.py": source}, {})]
    assert found == [("A.f", 2), ("g", 9), ("gradient of mul", 6)]


def test_a_function_that_cannot_be_taken_apart_leaves_the_others():
    deep = " + ".join(["x"] * 900)
    source = f"def f(x):\n    return {deep}\n\n\ndef g(x, y):\n    return x.sum() + y.sum()\n"
    found = {body.name: body.marks for body in bodies_of({"a.py": source.encode()}, {})}
    assert found["g"]


def test_source_that_cannot_be_taken_apart_has_no_bodies():
    files = {
        "a.py": b"def f(:",
        "b.py": b"\0",
        "c.py": b"x = a" + b".b" * 60_000,
        "d.py": b"def g(): 0",
    }
    assert [body.name for body in bodies_of(files, {})] == ["g"]


@pytest.mark.skipif(not is_long(), reason="makes copies of twenty modules, in long runs only")
def test_the_figures_of_the_documentation_are_measured():
    text = (kit.ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
    assert "\n".join(likeness.table()) in text
    assert likeness.sentence() in text


class TestMaterial:
    """Right solutions by others, and copies of them."""

    @pytest.mark.parametrize("kind", {**EASY, **HARD})
    def test_copies_are_found(self, kind):
        copied = copy(part(independent()), 3, {**EASY, **HARD}[kind])
        (pair,) = pairs(WEEKS, ann=bodies(part(independent())), bob=bodies(copied))
        assert (pair.first, pair.second) == ("ann", "bob")
        assert pair.count >= 8

    def test_copies_with_every_disguise_are_found_with_their_places(self):
        copied = copy(part(independent()), 5, *EASY.values())
        (pair,) = pairs(WEEKS, ann=bodies(part(independent())), bob=bodies(copied))
        for one in pair.bodies:
            for place, modules in ((one.first, independent()), (one.second, copied)):
                file, _, line = place.partition(":")
                text = modules[file].decode().splitlines()[int(line) - 1]
                assert one.name.rpartition(".")[2].removeprefix("gradient of ") in text

    def test_independent_work_is_not_shown(self):
        assert pairs([*independent()], ann=bodies(independent())) == ()

    def test_the_worked_solution_is_recognized(self):
        copied = bodies(copy(part(reference()), 7, *EASY.values()))
        (pair,) = pairs(WEEKS, ann=copied)
        assert (pair.first, pair.second) == ("ann", REFERENCE)

    def test_what_is_given_counts_nothing(self):
        given = fingerprints.bodies_of(likeness.given(), {})
        assert pairs(WEEKS, ann=given, bob=given) == ()

    def test_a_file_with_little_in_it_counts_nothing(self):
        for many, shown in ((39, 0), (40, 1)):
            found = [Body("a.py", "f", 1, tuple(range(many)))]
            assert len(alike_pairs({"ann": found, "bob": found}, Known())) == shown


def replace_marks(body, own):
    return Body(body.file, body.name, body.line, own)


def part(modules):
    return {name: modules[name] for name in WEEKS}


def invented(seed, count=20, size=60):
    """Bodies that nobody with another seed has."""
    first = 10_000 * (seed + 1)
    return [
        Body("a.py", f"f{n}", n + 1, tuple(range(first + 100 * n, first + 100 * n + size)))
        for n in range(count)
    ]


class TestClasses:
    def test_what_many_have_counts_less(self):
        common = invented(0)
        few = {f"s{n:03}": common if n < 2 else invented(n) for n in range(100)}
        all_of_them = dict.fromkeys(few, common)
        (pair,) = alike_pairs(few, Known())
        assert pair.weight == pytest.approx(20 * 60)
        assert alike_pairs(all_of_them, Known()) == ()
        assert rarity(2, 100) == 1
        assert rarity(100, 100) == 0

    @pytest.mark.parametrize(
        ("copies", "others", "paired", "common"),
        [
            (1, 30, 0, 0),
            (2, 30, 1, 0),
            (10, 50, 1, 0),
            (30, 30, 0, 1),
            (180, 20, 0, 1),
            (99, 0, 0, 1),
        ],
    )
    def test_what_most_have_in_the_same_form_is_told_apart_from_pairs(
        self, copies, others, paired, common
    ):
        work = invented(0, 3)
        class_ = {f"c{n:03}": work for n in range(copies)}
        class_ |= {f"d{n:03}": invented(n + 1, 3) for n in range(others)}
        found = common_files(class_, Known())
        assert (len(rings_of(alike_pairs(class_, Known()))), len(found)) == (paired, common)
        for one in found:
            assert (one.file, len(one.ids), one.is_solution) == ("a.py", copies, False)
        (solved,) = common_files(
            dict.fromkeys("abcdefghijklmnopqrst", work), Known((), tuple(work))
        )
        assert (solved.ids, solved.is_solution) == (tuple("abcdefghijklmnopqrst"), True)

    def test_short_files_and_given_code_are_no_files_in_common(self):
        for many, count in ((39, 0), (40, 1)):
            class_ = {f"s{n}": [Body("a.py", "f", 1, tuple(range(many)))] for n in range(30)}
            assert len(common_files(class_, Known())) == count
            assert common_files(class_, Known(tuple(range(many)))) == ()

    def test_a_small_class_in_which_all_are_alike_is_shown(self):
        found = alike_pairs(dict.fromkeys("abc", invented(0)), Known())
        assert [(pair.first, pair.second) for pair in found] == [("a", "b"), ("a", "c"), ("b", "c")]

    def test_a_ring_is_one_piece_though_not_each_pair_of_it_is_shown(self):
        ring = {f"s{n:03}": invented(0) if n < 24 else invented(n) for n in range(60)}
        found = alike_pairs(ring, Known())
        reached, waiting = set(), ["s000"]
        while waiting:
            one = waiting.pop()
            reached.add(one)
            both = [{pair.first, pair.second} for pair in found]
            waiting += [other for pair in both if one in pair for other in pair - reached]
        assert len(reached) == 24
        assert len(found) <= 24 * similarity.NEIGHBORS

    def test_most_alike_come_first(self):
        first, second = invented(1, 10), invented(2, 5)
        found = alike_pairs({"a": first, "b": first, "c": second, "d": second}, Known())
        assert [(pair.first, pair.second) for pair in found] == [("a", "b"), ("c", "d")]
        assert found[0].weight > found[1].weight

    def test_a_file_that_is_part_of_another_is_found_from_both_sides(self):
        alone, more = invented(1, 10), invented(1, 10) + invented(2, 50)
        for names in (("a", "b"), ("b", "a")):
            found = alike_pairs(dict(zip(names, (alone, more), strict=True)), Known())
            assert [(pair.first, pair.second, pair.count) for pair in found] == [("a", "b", 10)]

    def test_functions_of_which_a_part_is_found_again_are_shown_where_the_file_is_alike(self):
        whole = [Body("a.py", f"f{n}", n, tuple(range(100 * n, 100 * n + 50))) for n in range(1, 5)]
        own = lambda n: range(-100 * n, -100 * n + 12)
        other = [replace_marks(body, (*body.marks[:38], *own(body.line))) for body in whole]
        (pair,) = alike_pairs({"a": whole, "b": other}, Known())
        assert pair.count == 4
        part = [replace_marks(body, body.marks[:39]) for body in whole]
        (pair,) = alike_pairs({"a": whole, "b": [*part, *invented(1)]}, Known())
        assert {one.share for one in pair.bodies} == {1.0}

    @pytest.mark.parametrize(
        ("size", "count", "shown"), [(60, 1, 1), (60, 0, 0), (20, 3, 1), (20, 2, 0), (15, 4, 0)]
    )
    def test_of_files_that_differ_long_functions_count(self, size, count, shown):
        common = [
            Body("a.py", f"c{n}", n, tuple(range(100 * n, 100 * n + size))) for n in range(count)
        ]
        class_ = {name: [*common, *invented(seed, 10)] for seed, name in enumerate("ab")}
        found = alike_pairs(class_, Known())
        assert len(found) == shown
        assert [pair.count for pair in found] == [count] * shown

    @pytest.mark.parametrize("kind", ["apart", "in pairs", "one ring", "half common"])
    def test_work_grows_as_the_class_does(self, monkeypatch, kind):
        counted = Counter()

        def counting(name):
            plain = getattr(similarity, name)

            def count(*given):
                result = plain(*given)
                counted[name] += 1 + (len(result) if name == "neighbors" else 0)
                return result

            return count

        for name in ("neighbors", "compare"):
            monkeypatch.setattr(similarity, name, counting(name))
        small, large = (work(counted, kind, size) for size in (50, 100))
        assert small["neighbors"] > 0
        for name in small:
            assert large[name] < 2.6 * small[name]


def work(counted, kind, size):
    counted.clear()
    alike_pairs({f"s{n:04}": made(kind, n) for n in range(size)}, Known())
    return dict(counted)


def made(kind, number):
    if kind == "half common":
        return [*invented(0, 5), *invented(number + 1, 5)]
    ring = 0 if number % 2 else number + 1
    return invented({"apart": number, "in pairs": number // 2, "one ring": ring}[kind], 10)


class TestResults:
    def graded(self, folder, bodies_of_one):
        """A folder of results with fingerprints, as a grader leaves it."""
        store = Store(folder)
        with store.held():
            for name, found in bodies_of_one.items():
                line = replace(a_class().lines[0], id=name, name=name, folder=name)
                store.keep(submission_of(line), Result(Grade(Ending.GRADED), bodies=found))
        return store

    def summary(self, names, shard=(1, 1)):
        line = a_class().lines[0]
        lines = tuple(replace(line, id=name, name=name, folder=name) for name in names)
        return replace(a_class(), lines=lines, shard=shard)

    def test_pairs_across_shards_are_found_when_they_are_merged(self, tmp_path):
        work = tuple(invented(1)), tuple(invented(2))
        shards = []
        for number, names in enumerate(("ac", "bd"), start=1):
            store = self.graded(tmp_path / f"part{number}", dict(zip(names, work, strict=True)))
            store.keep_known(Known())
            part = compared(self.summary(names, (number, 2)), store)
            assert part.pairs == ()
            store.write_class(part)
            shards.append(store.folder)
        merged = Store(tmp_path / "merged")
        with merged.held():
            summary = merge_classes(shards, merged)
        assert [(pair.first, pair.second) for pair in summary.pairs] == [("a", "b"), ("c", "d")]
        assert read_summary(merged.folder / "summary.json") == summary
        (ring, _) = rings_of(summary.pairs)
        told = likenesses(summary.lines[1], ring, summary.pairs)
        assert told == ["like a: 20 functions, weight 1200"]
        assert "like a: 20 functions" in csv_text(summary)

    def test_files_that_most_have_are_found_among_results(self, tmp_path):
        names = "abcdefghijklmnopqrstuv"
        store = self.graded(tmp_path, dict.fromkeys(names, tuple(invented(1))))
        store.keep_known(Known())
        summary = compared(self.summary(names), store)
        assert (summary.pairs, [one.ids for one in summary.common]) == ((), [tuple(names)])

    def test_the_worked_solution_is_merged_too(self, tmp_path):
        work = tuple(invented(1))
        store = self.graded(tmp_path / "part", {"a": work})
        store.keep_known(Known(reference=work))
        store.write_class(compared(self.summary("a"), store))
        merged = Store(tmp_path / "merged")
        with merged.held():
            summary = merge_classes([store.folder], merged)
        assert [(pair.first, pair.second) for pair in summary.pairs] == [("a", REFERENCE)]
        assert "like the worked solution: 20 functions" in csv_text(summary)

    def test_damaged_fingerprints_are_said_or_empty(self, tmp_path):
        store = self.graded(tmp_path, {"a": tuple(invented(1))})
        one = submission_of(self.summary("a").lines[0])
        assert store.bodies(one)
        (store.place(one) / "fingerprints.json").write_bytes(b"[1")
        assert store.bodies(one) == ()
        (tmp_path / "fingerprints.json").write_bytes(b"[1")
        with pytest.raises(ValueError, match=r"fingerprints\.json.*remove it"):
            store.known()


def test_a_disguise_changes_the_source_and_keeps_what_it_defines():
    source = independent()["layers.py"].decode()
    for change in {**EASY, **HARD}.values():
        changed = disguised(source, 1, change)
        assert changed != ast.unparse(ast.parse(source))
        before, after = (functions(ast.parse(text)) for text in (source, changed))
        assert [node.name for node in before] == [node.name for node in after]
        compile(changed, "layers.py", "exec")


def test_is_found_looks_at_both_ids():
    (pair,) = alike_pairs({"a": invented(1), "b": invented(1)}, Known())
    assert is_found([pair], "a", "b")
    assert not is_found([pair], "b", "a")
    assert only(invented(1), ["b.py"]) == ()
