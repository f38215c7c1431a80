"""How cost grows with size: times at several sizes, and the exponent of the line through them.

    python -m benchmarks.growth
    python -m benchmarks.growth --only graph --only bpe-encode --json growth.json

If twice the size takes four times as long, the exponent is 2. It is fitted to the upper half of the sizes,
where constant costs no longer matter. An exponent clearly above theory is a defect. Times are CPU times, the
least of several rounds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import paired, settings, table
from benchmarks.row import Work

ABOVE = 0.3
"""This much above theory is too much; work that outgrows the caches also raises an exponent."""

ROUNDS, QUICK_ROUNDS = 5, 2
SECONDS = 12.0
"""Seconds for one kind of work. After that no further round begins, except the first."""


@dataclass(frozen=True)
class Growth:
    """Work that scales to any size.

    Attributes:
        name: selects it.
        title: what is done.
        size: what is counted.
        make: sets up the work of a size, and returns it.
        sizes: from small to large.
        theory: the exponent at large sizes, or its maximum.
        because: why.
    """

    name: str
    title: str
    size: str
    make: Callable[[int], Work]
    sizes: tuple[int, ...]
    theory: float
    because: str


def growths() -> tuple[Growth, ...]:
    """All that is measured. The framework is imported here, from where `settings.set_up` says."""
    from benchmarks import sizes, workspaces

    thousands = (1_000, 3_000, 10_000, 30_000, 100_000)
    return (
        Growth(
            "graph",
            "a graph: forward and backward",
            "nodes",
            sizes.graph,
            thousands,
            1,
            "each once",
        ),
        Growth("batch", "MLP: a step", "rows", sizes.batch, powers(64, 4096), 1, "each once"),
        Growth(
            "sequence",
            "GPT: a step on four texts of this length",
            "tokens",
            sizes.sequence,
            powers(32, 512),
            2,
            "each looks at each",
        ),
        Growth(
            "generate",
            "GPT: generation without a cache",
            "tokens",
            sizes.generation,
            powers(16, 256),
            3,
            "a sequence for each token",
        ),
        Growth(
            "generate-cached",
            "GPT: generation with a cache",
            "tokens",
            sizes.cached_generation,
            powers(32, 512),
            2,
            "each looks at all before it",
        ),
        Growth(
            "image",
            "convolution, norm, pool: forward, backward",
            "pixels a side",
            sizes.image,
            powers(16, 256),
            2,
            "side × side",
        ),
        Growth(
            "vocabulary",
            "GPT: a step with a large vocabulary",
            "tokens",
            sizes.vocabulary,
            powers(512, 16_384),
            1,
            "a score for each",
        ),
        Growth(
            "softmax", "softmax of 64 rows", "classes", sizes.softmax, thousands, 1, "each once"
        ),
        Growth(
            "bpe-train",
            "BPE: training on one word, all merges",
            "characters",
            sizes.bpe_training,
            thousands[:4],
            1.1,
            "n log n",
        ),
        Growth(
            "bpe-encode",
            "BPE: encoding one word",
            "letters",
            sizes.bpe_encoding,
            thousands,
            1.1,
            "n log n",
        ),
        Growth(
            "ledger",
            "tito checkpoint status with a long ledger",
            "events",
            workspaces.ledger,
            (100, 1_000, 10_000, 30_000, 100_000),
            1,
            "each read once",
        ),
        Growth(
            "specs",
            "a run of specs that take no time",
            "specs",
            workspaces.specs,
            (30, 100, 300, 1_000, 3_000),
            1,
            "each run once",
        ),
    )


def powers(first: int, last: int) -> tuple[int, ...]:
    """Powers of two, each twice the one before.

    >>> powers(32, 256)
    (32, 64, 128, 256)
    """
    return tuple(first << step for step in range((last // first).bit_length()))


def clock() -> float:
    """CPU seconds, including those of finished child processes if the system counts them."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def seconds_of(work: Work) -> float:
    """Seconds of one call; short calls are repeated, because a clock has ticks."""
    began = clock()
    work()
    took = clock() - began
    if took >= paired.SHORTEST:
        return took
    calls = paired.calls_of(took)
    began = clock()
    for _ in range(calls):
        work()
    return (clock() - began) / calls


def measured(growth: Growth, rounds: int, seconds: float = SECONDS) -> list[float]:
    """The least time of each size."""
    works = [growth.make(size) for size in growth.sizes]
    works[0]()
    least = [math.inf] * len(works)
    end = time.perf_counter() + seconds
    for number in range(rounds):
        if number and time.perf_counter() > end:
            break
        least = [min(best, seconds_of(work)) for best, work in zip(least, works, strict=True)]
    return least


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of the line of least squares through the upper half, at least three, both axes logarithmic.

    >>> round(exponent([1, 2, 4, 8, 16], [5, 5, 16, 64, 256]), 3)
    2.0
    """
    upper = slice(-max(3, (len(sizes) + 1) // 2), None)
    logs = [[math.log(value) for value in values[upper]] for values in (sizes, costs)]
    return statistics.linear_regression(*logs).slope


def parser() -> argparse.ArgumentParser:
    title, _, rest = (__doc__ or "").partition("\n")
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.growth",
        description=title,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--only", action="append", metavar="NAME", help="only this; may be repeated")
    made.add_argument("--quick", action="store_true", help="two rounds instead of five")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all measurements")
    made.add_argument("--source", type=Path, default=settings.REFERENCE, metavar="DIR")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 if an exponent is above theory."""
    given = parser().parse_args(arguments)
    settings.set_up(given.source.resolve(), 1)
    every = growths()
    if unknown := set(given.only or ()) - {growth.name for growth in every}:
        print(
            f"no {', '.join(sorted(unknown))} in {', '.join(g.name for g in every)}",
            file=sys.stderr,
        )
        return 2
    machine = settings.described(1)
    print(table.told(machine), table.GROWTH_HEAD, sep="\n", flush=True)
    found = []
    for growth in every:
        if not given.only or growth.name in given.only:
            found.append(result(growth, given.quick))
            print(table.growth_line(found[-1]), flush=True)
    if given.json:
        kept = {"kind": "growth", "machine": machine, "growths": found}
        given.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return int(any(one["above"] for one in found))


def result(growth: Growth, quick: bool) -> dict[str, Any]:
    """The measurement, and whether it is above theory."""
    costs = measured(growth, QUICK_ROUNDS if quick else ROUNDS)
    found = exponent(growth.sizes, costs)
    return {
        "name": growth.name,
        "title": growth.title,
        "size": growth.size,
        "sizes": list(growth.sizes),
        "seconds": costs,
        "exponent": found,
        "theory": growth.theory,
        "because": growth.because,
        "above": found > growth.theory + ABOVE,
    }


if __name__ == "__main__":
    sys.exit(main())
