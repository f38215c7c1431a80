"""What 2018 proves: models of your own, smaller and faster, and numbers that others can trust."""

import json

import numpy as np
import pytest

from milestones.experiments import pipeline
from milestones.screen import percent, threshold
from specs.laws import expect
from specs.timing import Stopwatch


@pytest.fixture(scope="session")
def data():
    """Shifted TinyDigits."""
    return pipeline.digits(0)


@pytest.fixture(scope="session")
def cnn(data):
    """The network of 1998, wider."""
    return pipeline.trained_cnn(data, 0)


@pytest.fixture(scope="session")
def pruned(cnn, data):
    """The same without nine of ten weights."""
    return pipeline.pruned_cnn(cnn, data)


@pytest.fixture(scope="session")
def small(cnn, data):
    """The same in INT8."""
    return pipeline.quantized_cnn(cnn, data)


@pytest.fixture(scope="session")
def gpt():
    """(model, talk): the GPT of 2017, with room for 256 tokens."""
    return pipeline.trained_gpt(0)


def check_lost(record_property, name, lost, most):
    """Accuracy may fall by so much at most."""
    record_property(f"{name} loses", f"{lost:.1%}")
    expect(lost <= most, f"at most {percent(most)} lost", f"{lost:.1%}")


class TestSmaller:
    """smaller models"""

    def test_int8_takes_a_fourth(self, cnn, small, gpt, record_property):
        """The weights of the CNN, and of the GPT's MLPs, take a quarter of the bytes in INT8."""
        least = threshold("06", "int8_weights_smaller")
        model, talk = gpt
        mlps = (model.blocks[0].mlp, pipeline.quantized_gpt(model, talk).blocks[0].mlp)
        for before, after in ((cnn, small), mlps):
            ratio = pipeline.weight_bytes(before) / pipeline.weight_bytes(after)
            record_property("INT8 weights", f"{ratio:.1f} times smaller")
            expect(ratio >= least, f"at least {least:g} times smaller", f"{ratio:.2f} times")

    def test_int8_reads_as_well(self, cnn, small, data, record_property):
        """In INT8 the CNN reads as many digits, within a point."""
        lost = pipeline.cnn_accuracy(cnn, data) - pipeline.cnn_accuracy(small, data)
        check_lost(record_property, "INT8", lost, threshold("06", "int8_points_lost_at_most"))

    def test_int8_answers_as_well(self, gpt, record_property):
        """In INT8 the GPT predicts as many tokens of the answers, within a point."""
        model, talk = gpt
        quantized = pipeline.quantized_gpt(model, talk)
        lost = pipeline.gpt_accuracy(model, talk) - pipeline.gpt_accuracy(quantized, talk)
        check_lost(
            record_property, "GPT in INT8", lost, threshold("06", "int8_points_lost_at_most")
        )

    def test_nine_of_ten_weights_can_go(self, cnn, pruned, data, record_property):
        """Pruned and retrained, the CNN has a tenth of its weights and loses at most two points."""
        from tinytorch.compression import sparsity

        least, share = threshold("06", "sparsity"), sparsity(pruned)
        expect(share >= least - 1e-4, f"at least {percent(least)} zeros", f"{share:.2%}")
        lost = pipeline.cnn_accuracy(cnn, data) - pipeline.cnn_accuracy(pruned, data)
        record_property("CNN", percent(pipeline.cnn_accuracy(cnn, data)))
        most = threshold("06", "sparse_points_lost_at_most")
        check_lost(record_property, "90% sparse", lost, most)


class TestFaster:
    """faster models"""

    def test_a_cache_writes_faster(self, gpt, benchmark, record_property):
        """Texts grow to 256 tokens at least 5 times as fast with the cache, and are the same texts."""
        from tinytorch.memoization import cached_generate

        model, talk = gpt
        with_cache = pipeline.long_text(cached_generate, model, talk)
        without = pipeline.long_text(pipeline.plainly, model, talk)
        expect(np.array_equal(with_cache(), without()), "the same texts", "other texts")
        least = threshold("06", "cached_times_as_fast")
        found = Stopwatch(benchmark).assert_faster(with_cache, without, least, "without a cache")
        record_property("cached generation", f"{found.median:.1f} times as fast")

    def test_a_kernel_beats_loops(self, cnn, data, benchmark, record_property):
        """The first convolution is at least 10 times as fast as number by number, with the same result."""
        fast, loops = pipeline.first_layer(cnn, data)
        expect(np.allclose(fast(), loops(), atol=1e-5), "the same result", "another result")
        least = threshold("06", "kernel_times_as_fast")
        found = Stopwatch(benchmark).assert_faster(fast, loops, least, "seven loops")
        record_property("convolution", f"{found.median:.0f} times as fast as loops")


class TestEntry:
    """an entry that holds"""

    def test_is_valid_and_ranked(self, cnn, pruned, small, data, tmp_path, record_property):
        """Submissions of your models validate, survive a file, notice tampering, and are ranked."""
        from tinytorch.competition import Leaderboard, validate

        board = Leaderboard()
        made = pipeline.submissions({"90% sparse": pruned, "INT8": small}, cnn, data, pairs=3)
        for submission in made:
            board.enter(submission)
        board.save(tmp_path / "board.json")
        board = Leaderboard.load(tmp_path / "board.json")
        expect(board.submissions == made, "the submissions that were saved", "others")
        (best, winner), *_ = board.ranking("size")
        record_property("best in size", f"{winner.name}, {best:.1f} times smaller")
        changed = json.loads((tmp_path / "board.json").read_text(encoding="utf-8"))[0]
        changed["bytes"] = 1
        with pytest.raises(ValueError, match="seal"):
            validate(changed)


class TestService:
    """models at work"""

    def test_everybody_is_answered(self, small, data, record_property):
        """Requests at random times get the answers that the model gives to all of them at once."""
        from tinytorch.autograd import no_grad
        from tinytorch.tensor import Tensor

        report, answers = pipeline.served(small, data, requests=60)
        with no_grad():
            expected = small(Tensor(data.images[:60])).data.argmax(axis=1)
        agree = float((answers == expected).mean())
        record_property("served", f"{report.answered}, p99 {(report.p99 or 0) * 1000:.0f} ms")
        expect(
            agree >= 0.95, "the same answers, but for the rounding of other batches", f"{agree:.0%}"
        )
        expect((report.answered, report.errors) == (60, 0), "60 answers and no error", str(report))
