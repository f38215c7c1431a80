"""Measures every threshold of the milestones on the reference, from several seeds.

    python benchmarks/seeds.py                 # five seeds of each milestone
    python benchmarks/seeds.py 05 --seeds 12   # one milestone, more seeds

A learner's correct code must not fail by luck: the worst seed has to clear the threshold.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from pytest_tinytorch.course import curriculum  # noqa: E402
from pytest_tinytorch.evidence import implementation  # noqa: E402

AT_MOST = "_at_most"


def perceptron(seed):
    got = import_module("perceptron").experiment(seed)
    return {"trained_accuracy": got.trained, "untrained_accuracy_at_most": got.untrained}


def xor(seed):
    got = import_module("xor").experiment(seed)
    return {
        "one_layer_accuracy_at_most": got.one_layer,
        "hidden_layer_accuracy": got.hidden_layer,
    }


def mlp(seed):
    module = import_module("digits_mlp")
    got, control = module.experiment("tiny", seed), module.control(seed)
    return {
        "test_accuracy": got.accuracy,
        "first_layer_moved": got.first_layer_moved,
        "freezing_costs": control.trained - control.frozen,
    }


def cnn(seed):
    module = import_module("shifted_digits")
    got, control = module.experiment("tiny", seed), module.control(seed)
    return {
        "test_accuracy": got.accuracy,
        "points_above_mlp": got.accuracy - control.mlp,
        "freezing_costs": got.accuracy - control.frozen,
        "filters_moved": got.least_move,
    }


def transformer(seed):
    module = import_module("tinytalks_gpt")
    got = module.experiment(seed)
    _, unmasked = module.without_mask(seed)
    return {
        "exact_answers": got.learned.exact,
        "nats_below_bigram": got.bigram_nats - got.nats,
        "known_words": module.known_words(got),
        "changed_by_shuffling": module.changed_by_shuffling(got),
        "without_mask_at_most": unmasked,
    }


def mlperf(seed):
    module = import_module("pipeline")
    from tinytorch.compression import sparsity
    from tinytorch.memoization import cached_generate

    data = module.digits(seed)
    cnn = module.trained_cnn(data, seed)
    small, pruned = module.quantized_cnn(cnn, data), module.pruned_cnn(cnn, data)
    gpt, talk = module.trained_gpt(seed)
    quantized = module.quantized_gpt(gpt, talk)
    of_cnn = module.cnn_accuracy(cnn, data)
    lost = of_cnn - module.cnn_accuracy(small, data)
    gpt_lost = module.gpt_accuracy(gpt, talk) - module.gpt_accuracy(quantized, talk)
    writing = (module.long_text(write, gpt, talk) for write in (module.plainly, cached_generate))
    fast, loops = module.first_layer(cnn, data)
    return {
        "int8_weights_smaller": module.weight_bytes(cnn) / module.weight_bytes(small),
        "int8_points_lost_at_most": max(lost, gpt_lost),
        "sparsity": round(sparsity(pruned), 3),
        "sparse_points_lost_at_most": of_cnn - module.cnn_accuracy(pruned, data),
        "cached_times_as_fast": module.times_as_fast(*writing),
        "kernel_times_as_fast": module.times_as_fast(loops, fast),
    }


MEASURES = {
    "01": perceptron,
    "02": xor,
    "03": mlp,
    "04": cnn,
    "05": transformer,
    "06": mlperf,
}


def measure(number, seed):
    """Threshold name to what the reference reaches, for a milestone of the shipped scale."""
    folder = ROOT / curriculum.load_curriculum().unit(f"milestone-{number}").spec_path
    implementation.install_finder(
        implementation.Implementation(ROOT / "reference", ROOT / "reference")
    )
    sys.path.insert(0, str(folder))
    try:
        return MEASURES[number](seed)
    finally:
        sys.path.remove(str(folder))
        implementation.uninstall_finder()


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
    for number in given.milestones or MEASURES:
        unit = curriculum.load_curriculum().unit(f"milestone-{number}")
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
