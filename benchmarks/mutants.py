"""How strong the specs are: changes of the reference that they notice, miss, or notice by luck, as a table.

    python -m benchmarks.mutants                        # 12 changes of each module, the same each time
    python -m benchmarks.mutants 05-09 --sample 40      # more of them, of these modules
    python -m benchmarks.mutants --details before.json  # each change, to compare with after

A change that three specs notice is safe. One that fewer notice is tried with two more seeds: if it is
missed with one seed and killed with another, what a learner is told depends on luck.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import Unit
from tests.proofs.mutants import Mutant, mutants
from tests.support import kit

SEEDS = (0, 1, 2)
ENOUGH = 3
"""A run ends when so many specs are red: a change that these notice is not noticed by luck."""

LIMIT = 10
"""Seconds of CPU time for one spec. Some changes make endless loops."""


@dataclass(frozen=True)
class Trial:
    """What the specs of a module say of one change.

    Attributes:
        change: where it is, and what it is.
        killers: how many specs are red, for each seed that was tried; ``ENOUGH`` stands for more.
    """

    change: str
    killers: Sequence[int]

    @property
    def killed(self) -> bool:
        """Whether the specs notice it with the first seed."""
        return self.killers[0] > 0

    @property
    def by_few(self) -> bool:
        """Whether one or two specs notice it."""
        return 0 < self.killers[0] < ENOUGH

    @property
    def by_chance(self) -> bool:
        """Whether it depends on the seed that any spec notices it."""
        return 0 in self.killers and max(self.killers) > 0


def trials(unit: Unit, sample: int, seed: int) -> list[Trial]:
    """Try changes of a module, drawn at random, on its specs."""
    drawn = list(mutants(kit.reference_text(unit.name), list(unit.hints)))
    random.Random(seed).shuffle(drawn)
    with tempfile.TemporaryDirectory() as place:
        folder = kit.mixture(Path(place), [other.name for other in kit.modules()])
        return [trial(unit, mutant, folder) for mutant in drawn[:sample]]


def trial(unit: Unit, mutant: Mutant, folder: Path) -> Trial:
    """Try one change; with all seeds, unless enough specs notice it with the first."""
    file = folder / "tinytorch" / f"{unit.name}.py"
    file.write_text(mutant.source, encoding="utf-8")
    killers = [red(unit, folder, SEEDS[0])]
    if killers[0] < ENOUGH:
        killers += [red(unit, folder, seed) for seed in SEEDS[1:]]
    change = " ".join(f"{unit.source}:{mutant.line}  {mutant.before}  ->  {mutant.after}".split())
    return Trial(change, killers)


def red(unit: Unit, folder: Path, seed: int) -> int:
    """How many specs of a module are red with these examples; never more than ``ENOUGH``."""
    options = (f"--hypothesis-seed={seed}", f"--maxfail={ENOUGH}", f"--timeout={LIMIT}")
    ledger = folder / "ledger.jsonl"
    ledger.unlink(missing_ok=True)
    run = kit.run(folder, ledger, unit.spec_path, *options, profile="unshrunk")
    if run.code == 0:
        return 0
    specs = run.json["units"][unit.id]["specs"] if run.json else {}
    found = specs.get("wrong", 0) + specs.get("broken", 0)
    return min(found, ENOUGH) or ENOUGH  # where none is counted, the module breaks altogether


def row(label: str, found: Sequence[Trial]) -> str:
    """One line of the table."""
    killed = sum(one.killed for one in found)
    few, chance = sum(one.by_few for one in found), sum(one.by_chance for one in found)
    return f"| {label} | {len(found)} | {killed} | {len(found) - killed} | {few} | {chance} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, module by module, and what was missed below it."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="?", default="all", help="checkpoints: 13, 10-13, autograd")
    parser.add_argument("--sample", type=int, default=12, help="changes of each module (12)")
    parser.add_argument("--seed", type=int, default=0, help="which changes are drawn (0)")
    parser.add_argument("--details", type=Path, metavar="FILE", help="write every change as JSON")
    given = parser.parse_args(arguments)
    print("| module | mutants | killed | missed | killed by at most two | missed by chance |")
    print("|---|---|---|---|---|---|", flush=True)
    found: dict[str, list[Trial]] = {}
    for unit in selection.select_checkpoints(kit.course(), given.which):
        if unit.source:
            found[unit.label] = trials(unit, given.sample, given.seed)
            print(row(unit.label, found[unit.label]), flush=True)
            if given.details:
                shown = {label: [asdict(one) for one in of] for label, of in found.items()}
                text = json.dumps(shown, indent=1, ensure_ascii=False)
                given.details.write_text(text + "\n", encoding="utf-8")
    everything = [one for of in found.values() for one in of]
    print(row("all", everything), end="\n\n")
    for one in everything:
        if not one.killed:
            print(f"missed: {one.change:.120}")


if __name__ == "__main__":
    main()
