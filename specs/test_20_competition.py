"""Specs of 20 competition."""

import contextlib
import copy
import itertools
import json
import math
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from specs import seeded
from specs.clocks import Clock
from specs.framework import lazy, resolve
from specs.laws import ask, assert_close, assert_equal, expect, raises
from specs.models import assert_not_recorded, left_alone, peculiar, watch
from specs.oracles import competition as oracle

digest_of, digest_of_source, stored_bytes, energy_of = lazy(
    "competition", "digest_of", "digest_of_source", "stored_bytes", "energy_of"
)
accuracy_of, measurements, seal_of, problems_of, environment = lazy(
    "competition", "accuracy_of", "measurements", "seal_of", "problems_of", "environment"
)
Submission, InvalidSubmission, validate, score, Leaderboard = lazy(
    "competition", "Submission", "InvalidSubmission", "validate", "score", "Leaderboard"
)
Monitor, Server, serve = lazy("competition", "Monitor", "Server", "serve")
Module, Linear, Sequential, Flatten = lazy("layers", "Module", "Linear", "Sequential", "Flatten")
Conv2d, BatchNorm2d = lazy("spatial", "Conv2d", "BatchNorm2d")
quantize_model = lazy("quantization", "quantize_model")
DynamicBatcher = lazy("acceleration", "DynamicBatcher")
Tensor = lazy("tensor", "Tensor")

normal = partial(seeded.normal, dtype=np.float32)


def linear(seed=0, inputs=4, outputs=3):
    return Linear(inputs, outputs, generator=np.random.default_rng(seed))


def timed(model, clock, *seconds):
    """A model that takes so many seconds a pass on a clock, in turn if many, and is the same otherwise."""
    inner, next_seconds = model.forward, itertools.cycle(seconds)

    def forward(x):
        clock.time += next(next_seconds)
        return inner(x)

    model.forward = forward
    return model


NUMBERS = {
    "accuracy": 0.9,
    "baseline_accuracy": 0.91,
    "seconds": 1.0,
    "baseline_seconds": 3.0,
    "bytes": 100,
    "baseline_bytes": 400,
    "energy": 5.0,
    "baseline_energy": 50.0,
}


def attempt(name="mine", track="latency", **changed):
    """A submission of round numbers."""
    digests = {"model": "a" * 64, "source": "b" * 64}
    return ask(Submission, name=name, track=track, **(NUMBERS | digests | changed))


FOREIGN = "ÁÍÏÐÝ ∂"
"""Text that is not ASCII, and of whose bytes in UTF-8 some are nothing in the encodings of Windows."""


class TestFingerprints:
    """fingerprints"""

    def test_are_of_all_that_was_learned(self):
        """digest_of is SHA-256 of name, dtype, shape and bytes of each entry, Buffers too, by name."""
        model = Sequential(linear(0), linear(1, 3, 2), BatchNorm2d(2))
        got = ask(digest_of, model)
        assert_equal(got, oracle.digest(model.state_dict()))
        assert_equal(got, ask(digest_of, copy.deepcopy(model)))

    def test_change_with_a_single_number(self):
        """The last bit of one weight, or another dtype, changes the digest."""
        model = linear()
        before = ask(digest_of, model)
        model.weight.data[0, 0] = np.nextafter(model.weight.data[0, 0], np.float32(9))
        changed = ask(digest_of, model)
        model.weight.data = model.weight.data.astype(np.float64)
        assert_equal(len({before, changed, ask(digest_of, model)}), 3)

    def test_do_not_depend_on_the_layout(self):
        """A weight that is stored column by column has the same digest."""
        model, other = linear(), linear()
        other.weight.data = np.asfortranarray(other.weight.data)
        assert_equal(ask(digest_of, other), ask(digest_of, model))

    def test_of_source_are_of_names_and_text(self, tmp_path):
        """digest_of_source changes with names and text, not with line endings, other files or folders."""
        (tmp_path / "b.py").write_bytes(b"y = 2\n")
        (tmp_path / "a.py").write_bytes(b"x = 1\nz = 3\n")
        first = ask(digest_of_source, tmp_path)
        (tmp_path / "notes.txt").write_bytes(b"none of it")
        (tmp_path / "inner").mkdir()
        (tmp_path / "inner" / "c.py").write_bytes(b"none of it")
        for text in (b"x = 1\r\nz = 3\r\n", b"x = 1\rz = 3\r"):
            (tmp_path / "a.py").write_bytes(text)
            assert_equal(ask(digest_of_source, tmp_path), first)
        (tmp_path / "a.py").write_bytes(b"x = 1\nz = 4\n")
        second = ask(digest_of_source, tmp_path)
        (tmp_path / "b.py").rename(tmp_path / "c.py")
        third = ask(digest_of_source, tmp_path)
        (tmp_path / "c.py").write_bytes(FOREIGN.encode())  # which few other encodings have
        assert_equal(len({first, second, third, ask(digest_of_source, tmp_path)}), 4)


class TestMeasures:
    """bytes, energy, accuracy"""

    def test_bytes_are_those_of_the_smaller_form(self):
        """A full array counts as it is; one of mostly zeros as values, columns, row starts; Buffers too."""
        model = linear(0, 50, 20)
        assert_equal(ask(stored_bytes, model), 4 * (1000 + 20))
        model.weight.data[...] = 0
        model.weight.data[3, :7] = 1
        assert_equal(ask(stored_bytes, model), 8 * 7 + 4 * 21 + 4 * 20)
        small = quantize_model(linear(), [Tensor(normal(0, 5, 4))])
        assert_equal(ask(stored_bytes, small), 12 + 4 * (3 + 3 + 1 + 1))

    def test_kernels_are_matrices_with_a_row_each(self):
        """An array of four axes counts as a matrix with a row for each entry of the first."""
        conv = Conv2d(8, 4, 3, bias=False)
        conv.weight.data[...] = 0
        conv.weight.data[2, 5, 1, 1] = 1
        assert_equal(ask(stored_bytes, conv), 8 + 4 * 5)

    def test_energy_counts_operations(self):
        """A Linear of 4 to 3 on 5 rows takes 5 · 3 · (2 · 4 + 1) operations of 2.3 pJ."""
        got = ask(energy_of, linear(), Tensor(normal(0, 5, 4)))
        assert_close(np.float64(got), np.float64(2.3 * 5 * 3 * 9), rtol=1e-9)

    def test_energy_leaves_the_model_as_it_was(self):
        """Nothing is recorded; a pass, or an error, leaves nothing on the parts and takes nothing away."""
        images = Tensor(normal(1, 2, 3, 6, 5))
        model = Sequential(Conv2d(3, 4, 3), Flatten(), linear(0, 48, 3))
        seen = watch(model[2])
        ask(energy_of, model, images)
        assert_not_recorded(seen)
        small = peculiar(
            quantize_model(Sequential(Conv2d(3, 4, 3), Flatten(), linear(0, 48, 3)), [images])
        )
        with left_alone(small):
            ask(energy_of, small, images)
            with raises(ValueError):
                ask(energy_of, small, Tensor(normal(1, 2, 5, 6, 5)))

    def test_energy_counts_int8_as_such(self):
        """Quantized, its products take 5 · 3 · 2 · 4 operations of 0.15 pJ; so do windows of images."""
        x = Tensor(normal(0, 5, 4))
        small = quantize_model(linear(), [x])
        assert_close(np.float64(ask(energy_of, small, x)), np.float64(0.15 * 5 * 3 * 8), rtol=1e-9)
        images = Tensor(normal(1, 2, 3, 6, 5))
        conv = quantize_model(Conv2d(3, 4, 3), [images])
        places = 2 * 4 * 4 * 3  # images, kernels, rows and columns of what comes out
        wanted = np.float64(0.15 * places * 2 * 27)
        assert_close(np.float64(ask(energy_of, conv, images)), wanted, rtol=1e-9)

    @given(st.integers(1, 6), st.integers(0, 2**32 - 1))
    def test_accuracy_is_of_the_highest_scores(self, n, seed):
        """accuracy_of is the share of labels with the highest score, for texts (N, T, classes) too."""
        draw = np.random.default_rng(seed)
        for shape in ((n, 4), (n, 2, 4)):
            x, labels = normal(seed, *shape), draw.integers(0, 3, shape[:-1])
            model = linear(seed % 100)
            weight, bias = model.weight.data, model.bias.data
            hits = [
                int(np.argmax([row @ w + b for w, b in zip(weight, bias, strict=True)])) == label
                for row, label in zip(x.reshape(-1, 4), labels.reshape(-1), strict=True)
            ]
            got = ask(accuracy_of, model, Tensor(x), labels)
            assert_close(np.float64(got), np.float64(sum(hits) / len(hits)))

    def test_both_are_measured_in_one_run(self):
        """measurements has time, accuracy, bytes and energy of model and baseline, and records nothing."""
        clock, x = Clock(), Tensor(normal(0, 5, 4))
        small, large = timed(linear(1), clock, 1.0), timed(linear(), clock, 4.0)
        seen = [watch(model) for model in (small, large)]
        small.weight.data[:2] = 0
        labels = large(x).data.argmax(axis=1)
        seen[1].clear()
        found = ask(measurements, small, large, x, labels, pairs=4, clock=clock)
        for passes in seen:
            assert_not_recorded(passes)
        expected = {
            "seconds": 1.0,
            "baseline_seconds": 4.0,
            "bytes": 8 * 4 + 4 * 4 + 4 * 3,
            "baseline_bytes": 4 * 15,
            "baseline_accuracy": 1.0,
            "baseline_energy": 2.3 * 135,
            "energy": 2.3 * 135,
        }
        for name, value in expected.items():
            expect(math.isclose(found[name], value), f"{name} {value}", found[name])
        assert_equal(sorted(found), sorted([*expected, "accuracy"]))

    def test_seconds_are_by_the_ratio_of_pairs(self):
        """baseline_seconds / seconds is the ratio of compare, the median over pairs, not that of medians."""
        clock, x = Clock(), Tensor(normal(0, 5, 4))
        small, large = timed(linear(1), clock, 1.0, 2.0, 1.0), timed(linear(), clock, 4.0, 8.0, 6.0)
        found = ask(
            measurements, small, large, x, np.zeros(5, int), pairs=3, warmup=3, clock=clock
        )  # ratios 4, 4 and 6
        assert_equal((found["baseline_seconds"], found["seconds"]), (6.0, 1.5))


class TestSubmissions:
    """sealed submissions"""

    def test_measure_makes_one(self, tmp_path):
        """Submission.measure has measurements, digests of model and source, and the environment."""
        (tmp_path / "a.py").write_text("x = 1\n")
        clock, x = Clock(), Tensor(normal(0, 5, 4))
        small, large = timed(linear(1), clock, 1.0), timed(linear(), clock, 4.0)
        made = ask(
            resolve(Submission).measure,
            *("mine", "latency", small, large, x, np.zeros(5, int), tmp_path),
            pairs=4,
            clock=clock,
        )
        assert_equal((made.name, made.track, made.version), ("mine", "latency", 1))
        assert_equal(made.model, oracle.digest(small.state_dict()))
        assert_equal(made.source, ask(digest_of_source, tmp_path))
        expect(
            math.isclose(ask(score, made, floor=1), 4.0), "a score of 4", ask(score, made, floor=1)
        )
        expect({"python", "numpy"} <= set(made.environment), "python and numpy", made.environment)
        with raises(ValueError, naming="track"):
            ask(
                resolve(Submission).measure,
                *("mine", "beauty", small, large, x, np.zeros(5, int), tmp_path),
                pairs=4,
                clock=clock,
            )

    def test_come_back_from_json(self):
        """A document survives JSON, and gives the same submission again."""
        made = attempt()
        document = json.loads(json.dumps(ask(made.document)))
        ask(validate, document)
        assert_equal(ask(resolve(Submission).from_document, document), made)

    def test_are_sealed(self):
        """The seal is SHA-256 of the JSON with sorted keys, no spaces, and no seal."""
        document = ask(attempt("Jürgen").document)
        assert_equal(document["seal"], oracle.seal(document))
        assert_equal(ask(seal_of, document), document["seal"])

    @given(st.sampled_from(sorted([*NUMBERS, "name", "track", "model", "environment"])))
    def test_tampering_is_noticed(self, name):
        """If any property changes to another valid value, the seal no longer fits."""
        document = ask(attempt().document)
        document[name] = {
            "name": "yours",
            "track": "size",
            "model": "c" * 64,
            "environment": {},
            "accuracy": 0.95,
            "baseline_accuracy": 0.5,
        }.get(name, 1)
        if document[name] == NUMBERS.get(name):
            document[name] = 2
        with raises(ValueError, naming="seal"):
            ask(validate, document)
        with raises(ValueError, naming="seal"):
            ask(resolve(Submission).from_document, document)

    @pytest.mark.parametrize(
        "name", [*NUMBERS, "name", "track", "model", "source", "seal", "version"]
    )
    def test_nothing_may_be_missing(self, name):
        """A missing property is named."""
        document = ask(attempt().document)
        del document[name]
        with raises(ValueError, naming=name):
            ask(validate, document)

    @pytest.mark.parametrize(
        ("name", "bad"),
        [
            ("version", 2),
            ("version", 1.0),
            ("name", ""),
            ("name", " mine"),
            ("name", "mine\n"),
            ("name", 7),
            ("track", "beauty"),
            ("accuracy", 1.01),
            ("accuracy", -0.01),
            ("baseline_accuracy", "0.9"),
            ("seconds", 0),
            ("seconds", -1.0),
            ("baseline_seconds", None),
            ("seconds", float("nan")),
            ("seconds", float("inf")),
            ("bytes", True),
            pytest.param("bytes", 10**400, id="bytes-huge"),
            ("baseline_bytes", [1]),
            ("energy", "1"),
            ("baseline_energy", 0.0),
            ("model", "a" * 63),
            ("model", "a" * 64 + "\n"),
            ("source", "G" * 64),
            ("environment", []),
            ("seal", "A" * 64),
        ],
    )
    def test_values_are_checked(self, name, bad):
        """A value of another type, not finite, or outside its bounds is named, before any seal."""
        document = ask(attempt().document) | {name: bad}
        with raises(ValueError, naming=name):
            ask(validate, document)
        expect("seal does not" not in str(problems(document)), "no word of the seal", "one")

    def test_all_problems_are_told_at_once(self):
        """problems has a sentence for each property that is missing, unknown or wrong."""
        document = ask(attempt().document) | {"bytes": 0, "track": "beauty", "prize": 1}
        del document["name"]
        named = sorted(problem.split()[0] for problem in problems(document))
        assert_equal(named, ["bytes", "name", "prize", "track"])

    @pytest.mark.parametrize("bad", [None, [], "{}", 3])
    def test_a_submission_is_an_object(self, bad):
        """Anything but a dict raises InvalidSubmission."""
        with raises(ValueError):
            ask(validate, bad)

    def test_bounds_belong_to_it(self):
        """An accuracy of 0 or 1 is valid, even as an integer; so is the largest of all floats."""
        share, positive = ({"minimum": 0, "maximum": 1}, {"exclusiveMinimum": 0})
        for value, bounds in ((1, share), (0.0, share), (sys.float_info.max, positive)):
            assert_equal(ask(problems_of, "accuracy", value, {"type": "number", **bounds}), [])


def problems(document):
    """What InvalidSubmission tells of a document."""
    try:
        validate(document)
    except resolve(InvalidSubmission) as error:
        return error.problems
    return ()


class TestScores:
    """scores and ranks"""

    @pytest.mark.parametrize(("track", "expected"), [("latency", 3), ("size", 4), ("energy", 10)])
    def test_are_the_baseline_by_the_model(self, track, expected):
        """A score is the baseline's measurement divided by the model's, for what the track counts."""
        assert_equal(ask(score, attempt(track=track)), float(expected))

    @given(st.floats(1e-3, 1e3))
    def test_do_not_depend_on_the_machine(self, speed):
        """A machine that is several times as fast gives the same score."""
        there = attempt(seconds=1.0 / speed, baseline_seconds=3.0 / speed)
        assert_close(np.float64(ask(score, there)), np.float64(3.0))

    def test_below_the_floor_is_nothing(self):
        """Losing more than the floor scores 0; losing exactly it does not."""
        assert_equal(ask(score, attempt(accuracy=0.89, baseline_accuracy=0.91)), 3.0)
        assert_equal(ask(score, attempt(accuracy=0.88, baseline_accuracy=0.91)), 0.0)
        assert_equal(ask(score, attempt(accuracy=0.88, baseline_accuracy=0.91), floor=0.05), 3.0)

    def test_the_best_attempt_of_a_name_counts(self):
        """A ranking has each name once, with its best attempt in one track, the best first."""
        board = ask(Leaderboard)
        for name, seconds in (("ann", 2.0), ("ben", 1.5), ("ann", 1.0), ("ann", 3.0), ("kim", 6.0)):
            ask(board.enter, attempt(name, seconds=seconds))
        ask(board.enter, attempt("eve", track="size"))
        got = [(points, made.name) for points, made in ask(board.ranking, "latency")]
        assert_equal(got, [(3.0, "ann"), (2.0, "ben"), (0.5, "kim")])
        assert_equal([made.name for _, made in ask(board.ranking, "size")], ["eve"])
        assert_equal(len(board.submissions), 6)

    def test_equal_scores_are_ranked_by_accuracy_and_then_by_time(self):
        """Of equal scores the more accurate is first, and then the one that was entered first."""
        board = ask(Leaderboard)
        for name, accuracy in (("ann", 0.9), ("ben", 0.95), ("eve", 0.9)):
            ask(board.enter, attempt(name, accuracy=accuracy))
        assert_equal([m.name for _, m in ask(board.ranking, "latency")], ["ben", "ann", "eve"])

    def test_below_the_floor_is_not_ranked(self):
        """A model that loses too much accuracy is not in the ranking, however fast it is."""
        board = ask(Leaderboard, floor=0.05)
        ask(board.enter, attempt("ann", accuracy=0.85, seconds=1e-6))
        ask(board.enter, attempt("ben", accuracy=0.87))
        assert_equal([m.name for _, m in ask(board.ranking, "latency")], ["ben"])

    def test_nobody_enters_unchecked(self):
        """enter raises InvalidSubmission for an invalid one, and the board stays as it was."""
        board = ask(Leaderboard)
        with raises(ValueError, naming="seconds"):
            ask(board.enter, attempt(seconds=-1.0))
        assert_equal(board.submissions, [])
        with raises(ValueError, naming="latency size energy"):
            ask(board.ranking, "beauty")

    def test_the_judge_measures_again(self):
        """judge enters what this machine measures, and its environment, for the model it was made with."""
        clock, x, labels = Clock(), Tensor(normal(0, 5, 4)), np.zeros(5, int)
        small, large = timed(linear(1), clock, 1.0), timed(linear(), clock, 2.0)
        told = {"environment": {"python": "1.5"}, "model": oracle.digest(small.state_dict())}
        claimed = attempt(seconds=1e-9, **told)
        board = ask(Leaderboard, floor=1.0)
        entered = ask(board.judge, claimed, small, large, x, labels, pairs=4, clock=clock)
        expect(
            math.isclose(ask(score, entered, 1.0), 2.0), "a score of 2", ask(score, entered, 1.0)
        )
        assert_equal((entered.name, entered.source), ("mine", "b" * 64))
        assert_equal(entered.environment, ask(environment))
        assert_equal(board.submissions, [entered])
        invalid = replace(claimed, seconds=-1.0)
        with raises(ValueError, naming="seconds"):
            ask(board.judge, invalid, small, large, x, labels, pairs=4, clock=clock)
        small.weight.data[0, 0] += 1
        with raises(ValueError, naming="model"):
            ask(board.judge, claimed, small, large, x, labels, pairs=4, clock=clock)
        assert_equal(len(board.submissions), 1)

    def test_is_saved_and_loaded(self, tmp_path):
        """load gives the board that save wrote, in folders that save creates, with the given floor."""
        file, load = tmp_path / "new" / "inner" / "board.json", resolve(Leaderboard).load
        assert_equal(ask(load, file).submissions, [])
        board = ask(Leaderboard)
        for name in ("ann", "ben"):
            ask(board.enter, attempt(name))
        ask(board.save, file)
        assert_equal(ask(load, file).submissions, board.submissions)
        assert_equal((ask(load, file).floor, ask(load, file, 0.5).floor), (0.02, 0.5))
        assert_equal([f.name for f in file.parent.iterdir()], ["board.json"])

    def test_a_file_is_read_as_utf_8(self, tmp_path):
        """load reads JSON in UTF-8, even if somebody wrote it without escapes."""
        file, document = tmp_path / "board.json", ask(attempt(FOREIGN).document)
        file.write_text(json.dumps([document], ensure_ascii=False), encoding="utf-8")
        assert_equal(ask(resolve(Leaderboard).load, file).submissions[0].name, FOREIGN)

    def test_a_damaged_file_is_named(self, tmp_path):
        """A file that is not JSON, not a list, or was changed raises InvalidSubmission with its name."""
        file = tmp_path / "board.json"
        changed = [ask(attempt().document) | {"bytes": 1}]
        for text in ("{", "{}", json.dumps(changed), "[3]", "\x00"):
            file.write_text(text, encoding="utf-8")
            with raises(resolve(InvalidSubmission), naming="board.json"):
                ask(resolve(Leaderboard).load, file)

    def test_a_failed_save_leaves_the_old_file(self, tmp_path):
        """If writing fails, the old file is still whole; otherwise another file replaces it."""
        file = tmp_path / "board.json"
        board = ask(Leaderboard)
        ask(board.enter, attempt())
        ask(board.save, file)
        first = file.stat().st_ino
        ask(board.save, file)
        another = file.stat().st_ino != first
        expect(another, "a new file in the place of the old one", "the old file overwritten")
        before = file.read_bytes()
        board.submissions.append(replace(attempt(), environment={"odd": object()}))
        with raises(TypeError):
            ask(board.save, file)
        assert_equal(file.read_bytes(), before)

    def test_a_table_has_a_line_for_each(self):
        """The table names everybody in the order of the ranking."""
        board = ask(Leaderboard)
        for name, seconds in (("ann", 2.0), ("ben", 1.0)):
            ask(board.enter, attempt(name, seconds=seconds))
        lines = ask(board.table, "latency").splitlines()
        assert_equal([line.split()[1] for line in lines[1:]], ["ben", "ann"])
        expect("3.00" in lines[1], "its score, 3.00", lines[1])


KNOWN = np.array([[0.0, 0.0], [2.0, 2.0], [4.0, 0.0]])  # of means 0, 2 and 2


class TestMonitor:
    """watch a server"""

    def test_nothing_has_happened(self):
        """Without requests there are no percentiles, no throughput, no drift."""
        report = ask(ask(Monitor, KNOWN[:2], window=1).report)
        assert_equal((report.answered, report.errors, report.p50), (0, 0, None))
        assert_equal((report.throughput, report.drift), (0.0, 0.0))

    @given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
    @example(list(range(200)))
    def test_percentiles_are_nearest_ranks(self, latencies):
        """p50, p95 and p99 are the smallest latencies that this many percent do not exceed."""
        monitor = ask(Monitor, KNOWN)
        for latency in latencies:
            ask(monitor.record, KNOWN[0], 1.0, 1.0 + latency)
        report = ask(monitor.report)
        for percent in (50, 95, 99):
            wanted = float(oracle.nearest_rank(latencies, percent))
            assert_equal(getattr(report, f"p{percent}"), wanted)

    def test_throughput_is_by_all_of_the_time(self):
        """Throughput is answers divided by the seconds from first request to last answer, in any order."""
        for unit in (1.0, 0.01):  # seconds
            monitor = ask(Monitor, KNOWN)
            for arrived, left in ((3.0, 4.5), (2.0, 12.0), (6.0, 8.0)):
                ask(monitor.record, KNOWN[0], arrived * unit, left * unit)
            assert_close(np.float64(ask(monitor.report).throughput), np.float64(0.3 / unit))

    def test_errors_are_counted_apart(self):
        """A request that failed is an error, not an answer: its latency, end and input do not count."""
        monitor = ask(Monitor, KNOWN)
        ask(monitor.record, KNOWN[0] + np.nan, 1.0, 100.0, failed=True)
        ask(monitor.record, KNOWN[0] + 4 / 3, 2.0, 3.0)
        report = ask(monitor.report)
        assert_equal((report.answered, report.errors, report.p99), (1, 1, 1.0))
        assert_equal(report.throughput, 0.5)  # from the first request, at 1, to the answer
        expect(report.drift < 1e-6, "no drift", report.drift)

    @given(st.floats(-5, 5))
    def test_drift_is_in_spreads(self, moved):
        """drift is how many standard deviations of the known means the inputs' means have moved."""
        monitor = ask(Monitor, KNOWN)
        mean, spread = 4 / 3, np.std([0.0, 2.0, 2.0])
        for side in (-1, 1):
            ask(monitor.record, np.full((2, 2), mean + moved * spread + side), 0.0, 1.0)
        assert_close(np.float64(ask(monitor.report).drift), np.float64(abs(moved)), atol=1e-6)

    def test_only_the_window_is_remembered(self):
        """Latencies and inputs cover the last requests; counts cover all."""
        monitor = ask(Monitor, KNOWN, window=3)
        for latency in (100.0, 100.0, 1.0, 2.0, 3.0):
            ask(monitor.record, KNOWN[0] + (1000 if latency > 9 else 4 / 3), 0.0, latency)
        report = ask(monitor.report)
        assert_equal((report.answered, report.p99), (5, 3.0))
        expect(report.drift < 1e-6, "no drift", report.drift)

    def test_a_thousand_are_remembered_by_default(self):
        """Without a window, the last 1000 requests are remembered, and no more."""
        monitor = ask(Monitor, KNOWN)
        ask(monitor.record, KNOWN[0] + 1e6, 0.0, 1.0)
        for _ in range(999):
            ask(monitor.record, KNOWN[0] + 4 / 3, 0.0, 1.0)
        drift = ask(monitor.report).drift
        expect(drift > 1, "a drift, of the first of 1000 requests", drift)
        ask(monitor.record, KNOWN[0] + 4 / 3, 0.0, 1.0)
        drift = ask(monitor.report).drift
        expect(drift < 1e-6, "no drift of the 1000 requests after the first", drift)

    @pytest.mark.parametrize(
        ("known", "window", "naming"),
        [
            (KNOWN[:0], 9, "known"),
            (KNOWN[:1], 9, "known"),
            (np.ones((3, 2)), 9, "known"),
            (KNOWN, 0, "window 0"),
        ],
    )
    def test_arguments_are_checked(self, known, window, naming):
        """Too few inputs, inputs that do not differ, or no window raises ValueError that names it."""
        with raises(ValueError, naming=naming):
            ask(Monitor, known, window=window)


class Doubling:
    """A model that doubles, fails on NaN, and takes a second a batch."""

    def __init__(self, clock, seconds=1.0):
        self.clock = clock
        self.seconds = seconds
        self.batches = []

    def __call__(self, x):
        self.batches.append(len(x.data))
        self.clock.time += self.seconds
        if np.isnan(x.data).any():
            raise FloatingPointError("NaN")
        return Tensor(x.data * 2)


def served(size=3, wait=10.0, seconds=1.0):
    """(server, model, clock, monitor)"""
    clock = Clock()
    model, monitor = Doubling(clock, seconds), ask(Monitor, KNOWN)
    return ask(Server, model, DynamicBatcher(size, wait, clock), monitor), model, clock, monitor


class TestServer:
    """answer requests"""

    def test_answers_in_batches(self):
        """Requests are answered together when the batch is full, each with its own row."""
        server, model, _, monitor = served()
        tickets = [ask(server.submit, np.full(2, n, np.float32)) for n in range(4)]
        assert_equal(ask(server.step), 3)
        for n, ticket in enumerate(tickets[:3]):
            assert_equal(ask(server.result, ticket), np.full(2, 2.0 * n, np.float32))
        assert_equal(model.batches, [3])
        assert_equal(ask(server.result, tickets[3]), None)
        assert_equal((ask(server.step), ask(monitor.report).answered), (0, 3))

    def test_nobody_waits_longer_than_the_batcher_allows(self):
        """A batch that is not full is answered at its deadline; latencies run from arrival to answer."""
        server, _, clock, monitor = served()
        ticket = ask(server.submit, np.zeros(2, np.float32))
        clock.time = 9.9
        assert_equal(ask(server.step), 0)
        clock.time = 10.0
        assert_equal(ask(server.step), 1)
        assert_equal(ask(server.result, ticket), np.zeros(2, np.float32))
        assert_equal(ask(monitor.report).p50, 11.0)

    def test_drain_answers_everybody(self):
        """drain answers all waiting requests, in batches, without waiting."""
        server, model, _, _ = served()
        tickets = [ask(server.submit, np.full(2, n, np.float32)) for n in range(7)]
        assert_equal(ask(server.drain), 7)
        assert_equal(ask(server.result, tickets[6]), np.full(2, 12, np.float32))
        assert_equal(model.batches, [3, 3, 1])
        assert_equal(ask(server.drain), 0)

    def test_who_fails_fails_alone(self):
        """If one request makes the model fail, the others in its batch still get their own answers."""
        server, _, _, monitor = served()
        sample, tickets = np.zeros(2, np.float32), []
        for value in (1, np.nan, 3):
            sample[...] = value
            tickets.append(ask(server.submit, sample))
        sample[...] = 9  # whoever asks may use their array again
        assert_equal(ask(server.step), 3)
        assert_equal(ask(server.result, tickets[0]), np.full(2, 2, np.float32))
        assert_equal(ask(server.result, tickets[2]), np.full(2, 6, np.float32))
        with raises(FloatingPointError):
            ask(server.result, tickets[1])
        report = ask(monitor.report)
        assert_equal((report.answered, report.errors), (2, 1))

    def test_another_shape_fails_alone(self):
        """An input that cannot be stacked with the others is answered by itself."""
        server, _, _, monitor = served()
        tickets = [ask(server.submit, np.ones(size, np.float32)) for size in (2, 5, 2)]
        ask(server.step)
        for ticket, size in zip(tickets, (2, 5, 2), strict=True):
            assert_equal(ask(server.result, ticket), np.full(size, 2, np.float32))
        assert_equal(ask(monitor.report).errors, 0)

    def test_rows_are_counted(self):
        """A model that returns the wrong number of rows is an error, not somebody's answer."""
        clock = Clock()
        swallows = lambda x: Tensor(x.data[1:])
        server = ask(Server, swallows, DynamicBatcher(2, 1.0, clock), ask(Monitor, KNOWN))
        tickets = [ask(server.submit, np.zeros(2)) for _ in range(2)]
        ask(server.step)
        for ticket in tickets:
            with raises(ValueError, naming="0 1"):
                ask(server.result, ticket)

    def test_an_answer_is_fetched_once(self):
        """A ticket that never existed, or has been fetched already, raises KeyError that names it."""
        server, _, _, _ = served()
        ticket, failed = ask(server.submit, np.zeros(2)), ask(server.submit, np.full(2, np.nan))
        ask(server.drain)
        ask(server.result, ticket)
        with raises(FloatingPointError):
            ask(server.result, failed)
        for unknown in (ticket, failed, 99):
            with raises(KeyError, naming=str(unknown)):
                ask(server.result, unknown)

    def test_who_stops_the_server_stops_it(self):
        """What is not an Exception, such as a KeyboardInterrupt, propagates and is nobody's answer."""

        class Stop(BaseException):
            """As KeyboardInterrupt, which would end this run."""

        def stopped(x):
            raise Stop

        server = ask(Server, stopped, DynamicBatcher(2, 1.0, Clock()), ask(Monitor, KNOWN))
        ticket, caught = ask(server.submit, np.zeros(2)), True
        try:
            ask(server.drain)
        except Stop:
            caught = False
        with contextlib.suppress(Stop):
            ask(server.result, ticket)  # raises what else was caught
        expect(not caught, "Stop, which the model raised and which is no Exception", "no error")

    def test_nothing_is_recorded_for_gradients(self):
        """The model runs without gradients."""
        model = linear(0, 2, 2)
        seen = watch(model)
        server = ask(Server, model, DynamicBatcher(1, 1.0, Clock()), ask(Monitor, KNOWN))
        ticket = ask(server.submit, np.zeros(2, np.float32))
        ask(server.drain)
        expect(ask(server.result, ticket) is not None, "an answer", "none")
        assert_not_recorded(seen)

    def test_serve_lets_nobody_wait_for_nothing(self):
        """Requests arrive at their times; sleep lasts until the next one or the next deadline."""
        server, model, clock, monitor = served(size=3, wait=5.0, seconds=0.5)
        arrivals = [(t, np.zeros(2, np.float32)) for t in (0.0, 1.5, 2.0, 20.0, 24.0, 40.0)]
        sleeps = []
        sleep = lambda seconds: sleeps.append(seconds) or clock.sleep(seconds)
        tickets = ask(serve, server, arrivals, sleep=sleep)
        assert_equal(len(tickets), 6)
        for ticket in tickets:
            assert_equal(ask(server.result, ticket), np.zeros(2, np.float32))
        assert_equal(model.batches, [3, 2, 1])
        expected = [
            1.5,
            0.5,
            17.5,
            4.0,
            1.0,
            14.5,
            5.0,
        ]  # a batch takes 0.5 s, and waits 5.0 s at most
        assert_equal([seconds for seconds in sleeps if seconds > 0], expected)
        assert_close(np.float64(clock.time), np.float64(45.5))
        assert_close(np.float64(ask(monitor.report).p99), np.float64(5.5))

    def test_serve_waits_by_itself(self):
        """Without `sleep`, real time passes until the next request."""
        model = Doubling(Clock(), 0.0)
        server = ask(Server, model, DynamicBatcher(1, 0.0), ask(Monitor, KNOWN))
        arrivals = [(seconds, np.ones(2, np.float32)) for seconds in (0.0, 0.002)]
        tickets = ask(serve, server, arrivals)
        for ticket in tickets:
            assert_equal(ask(server.result, ticket), np.full(2, 2, np.float32))
        assert_equal(model.batches, [1, 1])

    def test_everybody_gets_the_right_answer_once(self):
        """Whatever the order of requests, pauses and failures, each ticket gets its own answer, on time."""

        class Serving(RuleBasedStateMachine):
            def __init__(self):
                super().__init__()
                self.server, _, self.clock, self.monitor = served(seconds=0.0)
                self.asked, self.fetched = {}, 0

            @rule(value=st.one_of(st.integers(-9, 9), st.just(math.nan)))
            def submit(self, value):
                ticket = ask(self.server.submit, np.full(2, value, np.float32))
                expect(ticket not in self.asked, "a new ticket", ticket)
                self.asked[ticket] = (value, self.clock.time)

            @rule(seconds=st.integers(0, 8))
            def wait(self, seconds):
                self.clock.time += seconds
                while ask(self.server.step):
                    pass

            @rule()
            def fetch(self):
                for ticket, (value, since) in list(self.asked.items()):
                    try:
                        got = ask(self.server.result, ticket)
                    except FloatingPointError:
                        got = "failed"
                    if got is None:
                        late = self.clock.time - since >= 10
                        expect(not late, f"an answer to ticket {ticket}", "none")
                        continue
                    wanted = "failed" if math.isnan(value) else np.full(2, 2 * value, np.float32)
                    assert_equal(got, wanted)
                    del self.asked[ticket]
                    self.fetched += 1

            def teardown(self):
                self.submit(0)  # somebody is answered: what a rule has raised is raised again
                ask(self.server.drain)
                self.fetch()
                assert_equal(self.asked, {})
                report = ask(self.monitor.report)
                assert_equal(report.answered + report.errors, self.fetched)

        few = settings(max_examples=max(5, settings().max_examples // 5), stateful_step_count=20)
        run_state_machine_as_test(Serving, settings=few)
