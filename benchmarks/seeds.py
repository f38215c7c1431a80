"""Measures every threshold of the milestones on the reference, from several seeds.

    python -m benchmarks.seeds                 # five seeds of each milestone
    python -m benchmarks.seeds 05 --seeds 12   # one milestone, more seeds

A learner's correct code must not fail by luck: the worst seed has to clear the threshold.
"""

import argparse
import sys
from pathlib import Path
from statistics import median

from milestones.experiments import (
    digits_mlp,
    perceptron,
    pipeline,
    shifted_digits,
    tinytalks_gpt,
    xor,
)
from pytest_tinytorch.course import curriculumfile
from pytest_tinytorch.evidence import implementation, importing

REFERENCE = Path(__file__).parents[1] / "reference"
AT_MOST = "_at_most"


def of_perceptron(seed):
    got = perceptron.experiment(seed)
    return {"trained_accuracy": got.trained, "untrained_accuracy_at_most": got.untrained}


def of_xor(seed):
    got = xor.experiment(seed)
    return {
        "one_layer_accuracy_at_most": got.one_layer,
        "hidden_layer_accuracy": got.hidden_layer,
    }


def of_mlp(seed):
    got, control = digits_mlp.experiment("tiny", seed), digits_mlp.control(seed)
    return {
        "test_accuracy": got.accuracy,
        "first_layer_moved": got.first_layer_moved,
        "freezing_costs": control.trained - control.frozen,
    }


def of_cnn(seed):
    got, control = shifted_digits.experiment("tiny", seed), shifted_digits.control(seed)
    return {
        "test_accuracy": got.accuracy,
        "points_above_mlp": got.accuracy - control.mlp,
        "freezing_costs": got.accuracy - control.frozen,
        "filters_moved": got.least_move,
    }


def of_transformer(seed):
    got = tinytalks_gpt.experiment(seed)
    loss, unmasked = tinytalks_gpt.without_mask(seed)
    return {
        "exact_answers": got.learned.exact,
        "nats_below_bigram": got.bigram_nats - got.nats,
        "known_words": tinytalks_gpt.known_words(got),
        "changed_by_shuffling": tinytalks_gpt.changed_by_shuffling(got),
        "without_mask_at_most": unmasked,
        "without_mask_loss_at_most": loss,
    }


def of_mlperf(seed):
    from tinytorch.compression import sparsity
    from tinytorch.memoization import cached_generate

    data = pipeline.digits(seed)
    cnn = pipeline.trained_cnn(data, seed)
    small, pruned = pipeline.quantized_cnn(cnn, data), pipeline.pruned_cnn(cnn, data)
    gpt, talk = pipeline.trained_gpt(seed)
    quantized = pipeline.quantized_gpt(gpt, talk)
    accuracy = pipeline.cnn_accuracy(cnn, data)
    lost = accuracy - pipeline.cnn_accuracy(small, data)
    gpt_lost = pipeline.gpt_accuracy(gpt, talk) - pipeline.gpt_accuracy(quantized, talk)
    writing = (
        pipeline.long_text(write, gpt, talk) for write in (pipeline.plainly, cached_generate)
    )
    fast, loops = pipeline.first_layer(cnn, data)
    return {
        "int8_weights_smaller": pipeline.weight_bytes(cnn) / pipeline.weight_bytes(small),
        "int8_points_lost_at_most": max(lost, gpt_lost),
        "sparsity": round(sparsity(pruned), 3),
        "sparse_points_lost_at_most": accuracy - pipeline.cnn_accuracy(pruned, data),
        "cached_times_as_fast": pipeline.times_as_fast(*writing),
        "kernel_times_as_fast": pipeline.times_as_fast(loops, fast),
    }


MEASURES = {
    "01": of_perceptron,
    "02": of_xor,
    "03": of_mlp,
    "04": of_cnn,
    "05": of_transformer,
    "06": of_mlperf,
}


def measure(number, seed):
    """Threshold name to what the reference reaches, for a milestone of the shipped scale."""
    importing.install_finder(implementation.Implementation(REFERENCE, REFERENCE))
    try:
        return MEASURES[number](seed)
    finally:
        importing.uninstall_finder()


def holds(name, value, threshold):
    """Whether a measure is on the right side of its threshold."""
    return value <= threshold if name.endswith(AT_MOST) else value >= threshold


def main(arguments=None):
    """Print a table; the exit code is 0 only if every seed clears every threshold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("milestones", nargs="*", metavar="NN", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds (5)")
    given = parser.parse_args(arguments)
    print("| milestone | threshold | wanted | worst | median |\n|---|---|---|---|---|")
    failed = False
    for unit in curriculumfile.load_curriculum().milestones:
        number = unit.number
        if number not in (given.milestones or MEASURES):
            continue
        found = [measure(number, seed) for seed in range(given.seeds)]
        for name in found[0]:
            values, wanted = [one[name] for one in found], unit.thresholds[name]
            worst = max(values) if name.endswith(AT_MOST) else min(values)
            failed |= not holds(name, worst, wanted)
            print(
                f"| {unit.label} | {name} | {wanted:g} | {worst:.4g} | {median(values):.4g} |",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
