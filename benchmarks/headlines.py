"""Trains the recipes of milestones from beginning to end, with the reference and with PyTorch.

    python -m benchmarks.headlines                      # all, 45 minutes on a quiet machine
    python -m benchmarks.headlines --only mnist --only tinytalks --json headlines.json
    python -m benchmarks.headlines --quick              # a little of each, to see whether it works

Both start from the same weights and take the same batches. First the losses of 20 steps are compared. Times
begin before the data is read, and end after the test. CPU time adds up all threads; it is the one to compare
where other programs keep the machine busy. MNIST and CIFAR-10 are downloaded once, or taken from the folder
that TINYTORCH_DATA names. No time makes this fail; a loss that differs does, and an accuracy of ours that is
lower than wanted.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import settings, table

if TYPE_CHECKING:
    from benchmarks.recipes import Part, Side

STEPS, EPOCHS_COMPARED = 20, 2
"""How many steps are compared, in so many epochs."""

WITHIN, WITHIN_PHOTOS = 1e-4, 1e-2
"""How far losses may be apart, as a share of the larger one. The first steps on photographs overshoot, which
makes rounding errors grow from step to step, in any framework."""

QUICK_EXAMPLES, QUICK_EPOCHS = 640, 2


@dataclass(frozen=True)
class Headline:
    """A recipe, done by us and by PyTorch.

    Attributes:
        name: to select it by.
        title: what is trained.
        wanted: the share of the test that has to be right.
        batch: how many examples a step has.
        within: how far losses may be apart.
        ours, theirs: do it from beginning to end.
    """

    name: str
    title: str
    wanted: float
    batch: int
    within: float
    ours: Side
    theirs: Side


def headlines() -> tuple[Headline, ...]:
    """All of them. The framework is imported here, from where `settings.set_up` says."""
    from benchmarks import recipes
    from milestones.experiments import digits_mlp, shifted_digits, tinytalks_gpt
    from milestones.screen import threshold

    digits, photos = digits_mlp.SCALES["full"], shifted_digits.SCALES["full"]
    network = "CIFAR-10: three convolutions of 32, 64 and 128 filters"
    return (
        Headline(
            "mnist",
            f"MNIST: a hidden layer of {digits.hidden}, {digits.epochs} epochs",
            threshold("03", "full_test_accuracy"),
            digits.batch,
            WITHIN,
            recipes.our_mnist,
            recipes.torch_mnist,
        ),
        Headline(
            "tinytalks",
            f"TinyTalks: a GPT of two blocks, {tinytalks_gpt.EPOCHS} epochs; exact answers",
            threshold("05", "exact_answers"),
            tinytalks_gpt.BATCH,
            WITHIN,
            recipes.our_tinytalks,
            recipes.torch_tinytalks,
        ),
        Headline(
            "cifar10",
            f"{network}, {photos.epochs} epochs",
            threshold("04", "full_test_accuracy"),
            photos.batch,
            WITHIN_PHOTOS,
            recipes.our_cifar10,
            recipes.torch_cifar10,
        ),
        Headline(
            "cifar10-80",
            f"{network}, {recipes.LONGER} epochs",
            0.8,
            photos.batch,
            WITHIN_PHOTOS,
            recipes.longer(recipes.our_cifar10),
            recipes.longer(recipes.torch_cifar10),
        ),
    )


def parser() -> argparse.ArgumentParser:
    title, _, rest = (__doc__ or "").partition("\n")
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.headlines",
        description=title,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--only", action="append", metavar="NAME", help="only this; may be repeated")
    made.add_argument("--list", action="store_true", help="show the names")
    made.add_argument("--threads", type=int, default=1, help="for either library (1)")
    made.add_argument("--quick", action="store_true", help="few examples, two epochs")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all measurements")
    made.add_argument("--source", type=Path, default=settings.REFERENCE, metavar="DIR")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Train, measure and print; 0 if losses agree and every accuracy of ours is as wanted."""
    given = parser().parse_args(arguments)
    settings.set_up(given.source.resolve(), given.threads)
    every = headlines()
    names = [one.name for one in every]
    if given.list:
        print(*names, sep="\n")
        return 0
    if unknown := set(given.only or ()) - set(names):
        print(f"no {', '.join(sorted(unknown))} in {', '.join(names)}", file=sys.stderr)
        return 2
    if find_spec("torch") is None:
        print(settings.WITHOUT_TORCH, file=sys.stderr)
        return 2
    import torch

    torch.set_num_threads(given.threads)
    chosen = [one for one in every if not given.only or one.name in given.only]
    found = table_of(chosen, settings.described(given.threads), given)
    return int(not all(good(one, given.quick) for one in found))


def table_of(
    chosen: list[Headline], machine: dict[str, Any], given: argparse.Namespace
) -> list[dict[str, Any]]:
    """Measure and print the chosen ones; each is in the file as soon as it is there."""
    print(table.told(machine), table.HEADLINE_HEAD, sep="\n", flush=True)
    found = []
    for one in chosen:
        found.append(measured(one, given.quick))
        print(table.headline_line(found[-1]), flush=True)
        if given.json:
            kept = {"kind": "headlines", "machine": machine, "headlines": found}
            given.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return found


def measured(headline: Headline, quick: bool) -> dict[str, Any]:
    """A row of the table: first the losses of a few steps, then all of it on each side."""
    from benchmarks.recipes import Part

    part = Part(QUICK_EXAMPLES, QUICK_EPOCHS) if quick else Part()
    named = {"name": headline.name, "title": headline.title, "wanted": headline.wanted}
    return named | {
        "difference": difference(headline),
        "within": headline.within,
        "ours": done(headline.ours, part, f"{headline.name}, ours"),
        "theirs": done(headline.theirs, part, f"{headline.name}, PyTorch"),
    }


def difference(headline: Headline) -> float:
    """How far the losses of both sides are apart after a few steps without dropout, as a share."""
    from benchmarks.recipes import Part

    part = Part(headline.batch * STEPS // EPOCHS_COMPARED, EPOCHS_COMPARED, dropout=False)
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    headline.ours(part, ours.append)
    headline.theirs(part, theirs.append)
    pairs = [(one["loss"], other["loss"]) for one, other in zip(ours, theirs, strict=True)]
    return max(abs(one - other) / max(one, other) for one, other in pairs)


def done(side: Side, part: Part, name: str) -> dict[str, float]:
    """Accuracy of one side, its CPU seconds and those on a clock; epochs are told as they end."""
    gc.collect()
    began = time.perf_counter(), time.process_time()
    told = told_by(name)
    accuracy = side(part, told)
    return {
        "accuracy": accuracy,
        "cpu": time.process_time() - began[1],
        "wall": time.perf_counter() - began[0],
    }


def told_by(name: str) -> Callable[[dict[str, float]], None]:
    """Tells of each epoch, on stderr."""

    def told(record: dict[str, float]) -> None:
        print(f"{name}: epoch {record['epoch']}, loss {record['loss']:.4f}", file=sys.stderr)

    return told


def good(one: dict[str, Any], quick: bool) -> bool:
    """Whether losses agree, and ours is as accurate as wanted, which few examples cannot be."""
    return one["difference"] <= one["within"] and (
        quick or one["ours"]["accuracy"] >= one["wanted"]
    )


if __name__ == "__main__":
    sys.exit(main())
