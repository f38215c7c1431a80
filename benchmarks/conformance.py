"""Compares with PyTorch, on its own samples for operations, layers and optimizers.

    python -m benchmarks.conformance                 the table
    python -m benchmarks.conformance --op softmax    each sample of an operation that is not equal
    python -m benchmarks.conformance --markdown docs/conformance.md

The samples are those of PyTorch's tests (OpInfo), valid calls and calls that must fail, in each dtype that
this framework has; values, shapes, dtypes and gradients are compared. The rules are in `judging.py`.
OpInfo is private: the extra `bench` pins the version of PyTorch. Exit code 1: something is wrong or unclear.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import settings
from benchmarks.asking import Skip, array, ask, dtypes_of, ours, theirs
from benchmarks.judging import DOCUMENTED, VERDICTS, Answer, Sample, judge
from benchmarks.samples import MOST, RANDOM, of_layers, of_operations, of_optimizers


@dataclass(frozen=True)
class Verdict:
    """The verdict on one sample."""

    op: str
    way: str
    dtype: str
    verdict: str
    reason: str
    call: str


def verdicts(only: set[str]) -> Iterator[Verdict]:
    """All verdicts, on all operations or on some."""
    for cases in (of_operations, of_layers, of_optimizers):
        for case in cases(only):
            yield from judged(case)


def judged(case: Any) -> Iterator[Verdict]:
    """The verdict on each way to make a call; none where it has no meaning here, such as complex numbers."""
    sample = case.sample
    dtypes = frozenset(dtypes_of([sample.input, sample.args, sample.kwargs]))
    wanted = ask(case.theirs, sample, theirs, case.follow)
    if isinstance(wanted, Answer) and any(value.dtype.kind == "c" for value in wanted.values):
        return
    for way, function in case.ways:
        try:
            got = ask(function, sample, ours, case.follow)
        except Skip:
            continue
        known = Sample(
            case.op,
            dtypes,
            words_of(function, way, sample),
            case.op in RANDOM,
            way,
            sample.kwargs,
            tuple(v for v in sample.args[case.op == "topk" :] if isinstance(v, int)),
            tuple(array(v) for v in [sample.input] if hasattr(v, "detach")),
        )
        yield Verdict(case.op, way, case.dtype, *judge(known, wanted, got), called(way, sample))


def words_of(function: Callable[..., Any], way: str, sample: Any) -> frozenset[str]:
    """Names of arguments, as a message may use them."""
    import tinytorch as tt

    place, _, name = way.partition(".")
    home = {"x": tt.Tensor, "nn": tt.nn, "optim": tt.optim}.get(place)
    try:
        names = set(inspect.signature(function if home is None else getattr(home, name)).parameters)
    except (TypeError, ValueError):
        names = set()
    made = sample.kwargs.get("made", ((), {}))[1]
    return frozenset(
        {*names, *sample.kwargs, *made, "x", "input", "tensors", "other"} - {"args", "kwargs"}
    )


def called(way: str, sample: Any) -> str:
    """The call, in short."""
    parts = [brief(v) for v in (sample.input, *sample.args)]
    parts += [f"{name}={brief(v)}" for name, v in sample.kwargs.items() if name != "weights"]
    return f"{way}({', '.join(parts)})"


def brief(value: Any) -> str:
    """A value on one line: small tensors whole, others by dtype and shape."""
    if hasattr(value, "detach"):
        name = str(value.dtype).removeprefix("torch.")
        return f"{name}{value.tolist() if value.numel() <= 4 else tuple(value.shape)}"
    if type(value) in (tuple, list):
        return f"[{', '.join(map(brief, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {brief(v)}' for name, v in value.items())}}}"
    return repr(value)


# Telling

TOTAL = "in all"
"""The name of the last row; `all` is an operation."""


def counts(found: list[Verdict]) -> dict[str, Counter[str]]:
    """How many verdicts of each kind, by operation, and of all."""
    rows: dict[str, Counter[str]] = {}
    for one in sorted(found, key=lambda v: v.op):
        rows.setdefault(one.op, Counter())[one.verdict] += 1
    return {**rows, TOTAL: sum(rows.values(), Counter())}


def table(found: list[Verdict]) -> str:
    """A row for each operation."""
    lines = [f"{'operation':38}{'samples':>8}" + "".join(f"{name:>11}" for name in VERDICTS)]
    for op, row in counts(found).items():
        cells = "".join(f"{row[name] or '':>11}" for name in VERDICTS)
        lines.append(f"{op:38}{sum(row.values()):8}{cells}")
    return "\n".join(lines)


PAGE = """# Compared with PyTorch, sample by sample

PyTorch tests each of its operations on its own samples: ordinary calls, corner cases, and calls that must
fail. `python -m benchmarks.conformance` runs them in both frameworks, {total:,} calls of functions,
methods, operators, layers and optimizers, in float64, float32, float16, int64, uint8 and bool. It compares
values, shapes, dtypes and, in float64, gradients. The reference is PyTorch {torch} on the CPU. Where an
operation has more than {most} samples in a dtype, that many are taken, evenly spread.
`F` is `nn.functional`.

- **equal**: the same result, or both raise an error.
- **refused**: an option or a dtype that is not offered here. The error names the argument.
- **documented**: a different result, for one of the reasons below.
- **wrong**: a different result, and no reason for it.
- **unclear**: an internal error, in the words of NumPy or Python.

| operation | samples | equal | refused | documented | wrong | unclear |
|---|---|---|---|---|---|---|
{rows}

## Documented differences

{reasons}
"""


def page(found: list[Verdict], torch: str) -> str:
    """The page of the documentation."""
    rows = []
    for op, row in counts(found).items():
        name = op.replace("nn.functional.", "F.")
        cells = ["**in all**" if op == TOTAL else f"`{name}`", f"{sum(row.values()):,}"]
        rows.append(f"| {' | '.join([*cells, *(f'{row[name]:,}' for name in VERDICTS)])} |")
    times = Counter(one.reason for one in found if one.verdict == "documented")
    reasons = [
        f"- {known.reason}: {times[known.reason]:,}" for known in DOCUMENTED if times[known.reason]
    ]
    total = len(found)
    parts = {"rows": "\n".join(rows), "reasons": "\n".join(reasons)}
    return PAGE.format(total=total, torch=torch, most=MOST, **parts)


def shown(found: list[Verdict]) -> str:
    """Samples that are not equal, each reason once."""
    first = {(v.way, v.verdict, v.reason): v for v in reversed(found) if v.verdict != "equal"}
    return "\n".join(f"{v.verdict}  {v.call}\n    {v.reason}" for v in reversed(first.values()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--op", action="append", help="only this operation, and each sample that is not equal"
    )
    parser.add_argument("--json", type=Path, help="write all verdicts there")
    parser.add_argument("--markdown", type=Path, help="write the table there, as a page")
    asked = parser.parse_args(arguments)
    settings.set_up(settings.REFERENCE, 1)
    started = time.process_time()
    try:
        import torch
    except ImportError:
        print(settings.WITHOUT_TORCH)
        return 2
    warnings.simplefilter("ignore")
    with np.errstate(all="ignore"):
        found = list(verdicts(set(asked.op or ())))
    if asked.op:
        print(shown(found))
    print(table(found))
    if asked.json:
        asked.json.write_text(json.dumps([vars(v) for v in found], indent=0), encoding="utf-8")
    if asked.markdown:
        version = torch.__version__.partition("+")[0]
        asked.markdown.write_text(page(found, version), encoding="utf-8")
    print(f"{time.process_time() - started:.0f} s", file=sys.stderr)
    return int(any(v.verdict in ("wrong", "unclear") for v in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
