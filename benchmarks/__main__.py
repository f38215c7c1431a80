"""Compares the framework with PyTorch: losses first, then times in turn, ratios, and memory.

    python -m benchmarks                     # every row, about six minutes on a quiet machine
    python -m benchmarks --quick             # less exact, without memory and the loop, about a minute
    python -m benchmarks --row gpt-step --row cnn-step --threads 2
    python -m benchmarks --json one.json && python -m benchmarks.report one.json > docs/performance.md

A ratio is our time divided by theirs, both measured right after each other in one process, so that a slow
machine slows both. Below 1, ours is faster. No time makes this fail; a result that differs from the other
library's does.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import alone, memory, paired, settings, table
from benchmarks.row import Row

SECONDS, QUICK_SECONDS = 4.0, 0.6
"""For the pairs of one row; twice as long with several threads, where half of it is not timed."""

LOOP_PAIRS = 6


def parser() -> argparse.ArgumentParser:
    title, _, rest = (__doc__ or "").partition("\n")
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=title,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--row", action="append", metavar="NAME", help="only this; may be repeated")
    made.add_argument("--list", action="store_true", help="show the names of the rows")
    made.add_argument("--threads", type=int, default=1, help="for either library (1)")
    made.add_argument(
        "--cpu",
        action="store_true",
        help="time what the processor does, where other programs keep it busy too; with one thread",
    )
    made.add_argument("--quick", action="store_true", help="fewer pairs, no memory, no loop")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all measurements")
    made.add_argument(
        "--source",
        type=Path,
        default=settings.REFERENCE,
        metavar="DIR",
        help="the folder that holds the package tinytorch (reference/)",
    )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 0 if every result agrees with the other library."""
    given = parser().parse_args(arguments)
    if given.cpu and given.threads > 1:
        print("--cpu is for one thread: CPU time adds up those of all threads", file=sys.stderr)
        return 2
    settings.set_up(given.source.resolve(), given.threads)
    from benchmarks import rows

    names = [*(row.name for row in rows.ROWS), *alone.TITLES, *rows.LOOP]
    if given.list:
        print(*names, sep="\n")
        return 0
    if find_spec("torch") is None:
        print(settings.WITHOUT_TORCH, file=sys.stderr)
        return 2
    if given.threads > 1 and find_spec("threadpoolctl") is None:
        print(settings.WITHOUT_POOLS, file=sys.stderr)
        return 2
    import torch

    torch.set_num_threads(given.threads)
    wanted = given.row or names
    if unknown := set(wanted) - set(names):
        print(f"no row {', '.join(sorted(unknown))}; --list shows them", file=sys.stderr)
        return 2
    machine = settings.described(given.threads) | {"clock": "CPU" if given.cpu else "wall"}
    found, wrong = table_of(wanted, machine, given)
    if given.json:
        kept = {"kind": "table", "machine": machine, "rows": found}
        given.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return int(bool(wrong))


def table_of(
    wanted: list[str], machine: dict[str, Any], given: argparse.Namespace
) -> tuple[list[dict[str, Any]], set[str]]:
    """Compare, measure and print the chosen rows; returns also the names of those that differ."""
    from benchmarks import rows

    chosen = [row for row in rows.ROWS if row.name in wanted]
    differences, wrong = compared(chosen)
    print(table.told(machine), table.HEAD, table.RULE, sep="\n", flush=True)
    found = []
    for row in chosen:
        if row.name not in wrong and find_spec(row.needs):
            with settings.numpy_threads(row.numpy_threads(given.threads)):
                one = measured(row, given)
            found.append(one | {"difference": differences.get(row.name)})
            print(table.line(found[-1]), flush=True)
    for one in without_comparison(set(wanted), given):
        found.append(one)
        print(table.line(one), flush=True)
    return found, wrong


def without_comparison(wanted: set[str], given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The rows that have processes of their own; none of them if ``--quick`` is given."""
    from benchmarks import rows

    if given.quick:
        return
    for name, title in alone.TITLES.items():
        if name in wanted:
            pairs = alone.pairs(name, given.source.resolve(), given.threads, seconds_for(given))
            yield plain(name, title, "PyTorch", pairs)
    if wanted & rows.LOOP.keys():
        yield from loop(rows.LOOP)


def compared(chosen: list[Row]) -> tuple[dict[str, float], set[str]]:
    """The difference between the results of each row, and the rows where it is too large."""
    differences, wrong = {}, set()
    for row in chosen:
        if not find_spec(row.needs):
            print(f"{row.name}: left out, {row.needs} is not installed", file=sys.stderr)
        elif row.times:
            differences[row.name] = apart = difference(row)
            if not apart <= row.within:
                wrong.add(row.name)
                print(f"{row.name}: results differ by {apart:.1e}, {row.within:g} is allowed")
    steps = [differences[row.name] for row in chosen if row.times > 1]
    if steps:
        print(
            f"losses of {max(row.times for row in chosen)} steps agree to {max(steps):.1e};",
            end=" ",
        )
    if differences:
        print(f"{len(differences) - len(wrong)} of {len(differences)} rows have the same results")
    return differences, wrong


def difference(row: Row) -> float:
    """The largest difference of two results, as a share of the largest number."""
    import numpy as np

    ours, theirs = row.ours(), row.theirs()
    apart = 0.0
    for _ in range(row.times):
        one, other = (np.asarray(work(), np.float64) for work in (ours, theirs))
        if one.shape != other.shape:
            return np.inf
        apart = max(apart, float(np.abs(one - other).max() / max(np.abs(other).max(), 1e-9)))
    return apart


def seconds_for(given: argparse.Namespace) -> float:
    """How long a row is measured."""
    return (QUICK_SECONDS if given.quick else SECONDS) * (2 if given.threads > 1 else 1)


def measured(row: Row, given: argparse.Namespace) -> dict[str, Any]:
    """A row of the table."""
    seconds = seconds_for(given)
    # What another process does, as in the row about import, is not in the CPU time of this one.
    clock = time.process_time if given.cpu and row.in_process else time.perf_counter
    fewest = 3 if given.quick else paired.FEWEST
    before = paired.seconds_before(given.threads)
    pairs = paired.in_turn(row.ours(), row.theirs(), seconds, fewest, clock, before)
    sizes: dict[str, int | None] = {"ours": None, "theirs": None}
    if row.memory and not given.quick:
        source, threads = given.source.resolve(), given.threads
        sizes = {side: memory.of(row.name, side, source, threads) for side in sizes}
    named = {"name": row.name, "title": row.title, "beside": row.beside}
    return (
        named
        | asdict(paired.ratio(pairs))
        | {"bytes": sizes, "floor": floor(row, seconds / 2, clock, before)}
    )


def floor(row: Row, seconds: float, clock: paired.Clock, before: float) -> dict[str, Any] | None:
    """What NumPy's calls alone take, beside the other library in turn, as `measured`; None for most rows."""
    from benchmarks import floors

    if row.name not in floors.FLOORS:
        return None
    least = floors.FLOORS[row.name]
    pairs = paired.in_turn(least.work(), row.theirs(), seconds, 3, clock, before)
    return asdict(paired.ratio(pairs)) | {"calls": least.calls, "missing": least.missing}


def plain(name: str, title: str, beside: str, pairs: list[paired.Pair]) -> dict[str, Any]:
    """A row of the table that has times alone."""
    return (
        {"name": name, "title": title, "beside": beside}
        | asdict(paired.ratio(pairs))
        | {"bytes": {"ours": None, "theirs": None}, "floor": None, "difference": None}
    )


def loop(titles: dict[str, str]) -> list[dict[str, Any]]:
    """The rows of `benchmarks.watch`."""
    from benchmarks import watch

    for needed in ("pytest_watcher", "pygls"):
        if not find_spec(needed):
            print(f"loop: left out, {needed} is not installed", file=sys.stderr)
            return []
    edits = list(watch.measured(LOOP_PAIRS))
    pairs = {
        "loop-first": [(edit.first, edit.theirs) for edit in edits],
        "loop-full": [(edit.full, edit.theirs) for edit in edits],
        "loop-line": [(edit.line, edit.theirs) for edit in edits if not edit.right],
    }
    return [plain(name, titles[name], "pytest-watcher", pairs[name]) for name in titles]


if __name__ == "__main__":
    sys.exit(main())
