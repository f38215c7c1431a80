"""Changes the reference in one place at a time, and reports which changes no spec notices.

    python -m tests.proofs.mutants 13                     # every change of module 13
    python -m tests.proofs.mutants 10-13 --limit 20       # twenty of each, drawn at random
    python -m tests.proofs.mutants --page docs/proof.md   # every change, and the page about them

Results are kept, so you can stop and start at any time. A change is identified by the source of the module
that it makes. If it was noticed, it is not tried again, because specs are only added; if it was missed, it is
tried again when specs have changed. `--fresh` forgets everything.

A change is safe if a short search finds three specs that notice it. Otherwise it is tried with two more
seeds: if those miss it, whether a learner hears of it depends on luck.

Some changes make no difference, such as leaving out an argument that equals its default. They are listed in
`equivalents.toml`, each with its reason. Each of the others is a mistake that a learner can make without any
spec failing: extend a spec so that it fails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_tinytorch.course import selection
from pytest_tinytorch.course.curriculum import Unit
from pytest_tinytorch.evidence.digests import of_code
from tests.proofs import changes
from tests.proofs.changes import Mutant
from tests.support import kit

EQUIVALENTS = Path(__file__).with_name("equivalents.toml")
RESULTS = kit.ROOT / ".tinytorch" / "mutants.jsonl"

SEEDS = (0, 1, 2)
ENOUGH = 3
"""A run ends when this many specs fail: a change that these notice is not noticed by luck."""

Name = tuple[str, str, str, int]
Results = dict[tuple[str, int], dict]
"""(key of a change, seed) -> how many specs fail, and the digest of the specs."""


def equivalents() -> dict[str, dict[Name, str]]:
    """Module to the changes of it that make no difference, each with the reason."""
    listed = tomllib.loads(EQUIVALENTS.read_text(encoding="utf-8"))
    return {
        module: {
            (exercise, before, after, *(occurrence or [1])): entry["reason"]
            for entry in entries
            for exercise, before, after, *occurrence in entry["changes"]
        }
        for module, entries in listed.items()
    }


SHOWN = 40
"""Characters of a change that the page shows."""


def mutants_of(unit: Unit) -> list[Mutant]:
    """Every change of a module."""
    return list(changes.mutants(kit.reference_text(unit.name), list(unit.hints)))


def briefly(code: str) -> str:
    """The beginning of a line of code: a page shows no line of the solution."""
    return code if len(code) <= SHOWN else f"{code[: SHOWN - 3].rstrip()}…"


def key_of(mutant: Mutant) -> str:
    """Tells a changed module from every other, whatever its docstrings say."""
    return digest([mutant.exercise, of_code(mutant.source.encode())])


def digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]


def digest_of_specs(unit: Unit) -> str:
    """Tells whether the specs of a module, or what they share with others, have changed."""
    shared = sorted((kit.ROOT / "specs").glob("[!t]*.py"))
    files = [kit.ROOT / unit.spec_path, *shared]
    return digest(file.read_text(encoding="utf-8") for file in files)


def read(file: Path) -> Results:
    """The results in a file, the latest of each change and seed."""
    if not file.exists():
        return {}
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return {(row["key"], row["seed"]): row for row in rows}


def to_try(drawn: Sequence[Mutant], known: Results, specs: str, seed: int) -> list[Mutant]:
    """The changes that no result is known of, or that older specs missed; with other seeds, only those
    that few specs notice."""

    def is_due(mutant: Mutant) -> bool:
        key = key_of(mutant)
        found, first = known.get((key, seed)), known.get((key, SEEDS[0]))
        if seed != SEEDS[0] and (first is None or not 0 < first["red"] < ENOUGH):
            return False
        return found is None or (found["red"] == 0 and found["specs"] != specs)

    return [mutant for mutant in drawn if is_due(mutant)]


def attempt(
    unit: Unit,
    tried: Sequence[Mutant],
    seed: int,
    results: Path,
    enough: int = ENOUGH,
    noted: dict | None = None,
) -> dict:
    """Run the specs of a module on changes and append the results; returns what its specs reach.

    Specs that failed before run first. ``noted``: what they reach, if that is known.
    """
    known = read(results)
    before = [known.get((key_of(mutant), SEEDS[0]), {}).get("by") or [] for mutant in tried]
    with tempfile.TemporaryDirectory() as place:
        folder = kit.mixture(Path(place), [other.name for other in kit.modules()])
        source = kit.reference_text(unit.name)
        request = {
            "file": str(folder / "tinytorch" / f"{unit.name}.py"),
            "noting": changes.noting(source, list(unit.hints)),
            "mutants": [
                {"key": key_of(m), "block": m.block, "source": m.source, "first": first}
                for m, first in zip(tried, before, strict=True)
            ],
            "noted": noted,
            "marks": {"seed": seed, "specs": digest_of_specs(unit)},
            "enough": enough,
            "results": str(results),
            "notes": str(folder / "notes.json"),
        }
        (folder / "trials.json").write_text(json.dumps(request), encoding="utf-8")
        options = ["-p", "mutants_plugin", f"--trials={folder / 'trials.json'}"]
        options += [f"--hypothesis-seed={seed}", "--no-isolate"]
        run = kit.run(
            folder, folder / "ledger", unit.spec_path, *options, profile="unshrunk", timeout=100_000
        )
        notes = folder / "notes.json"
        assert notes.exists(), run.output
        return json.loads(notes.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Row:
    """What became of the changes of a module.

    Attributes:
        label: of the module.
        count: how many there are.
        killed: how many specs notice.
        equivalent: reason to how many make no difference for that reason.
        by_few: of the noticed, those for which a short search found fewer than three specs.
        by_chance: how many of those the specs miss with another seed.
        missed: those that no spec notices.
    """

    label: str
    count: int
    killed: int
    equivalent: Mapping[str, int]
    by_few: int
    by_chance: int
    missed: Sequence[Mutant]


def row(unit: Unit, drawn: Sequence[Mutant], known: Results) -> Row | None:
    """Count the results of the changes of a module; None if some are not there yet."""
    reasons = equivalents().get(unit.name, {})
    killed, few, chance, missed = 0, 0, 0, []
    same = Counter[str]()
    for mutant in drawn:
        found = (known.get((key_of(mutant), seed)) for seed in SEEDS)
        reds = [each["red"] for each in found if each]
        if not reds or (0 < reds[0] < ENOUGH and len(reds) < len(SEEDS)):
            return None
        if reds[0]:
            killed += 1
            few += reds[0] < ENOUGH
            chance += 0 in reds
            assert mutant.name not in reasons, f"{unit.label}: {mutant.name} is noticed after all"
        elif mutant.name in reasons:
            same[reasons[mutant.name]] += 1
        else:
            missed.append(mutant)
    return Row(unit.label, len(drawn), killed, same, few, chance, missed)


HEAD = """\
# What the specs notice

<!-- made by `python -m tests.proofs.mutants --page docs/proof.md`; make it again instead of editing -->

A spec that never fails proves nothing. So we change the worked solution in one place at a time: another
operator, another comparison, a constant one larger, a condition that always or never holds, an `and` for an
`or`, a missing keyword, a missing statement, another default, an error that is missing or has another type.
The specs of the module run on each change, with the 25 examples of a learner.

- **noticed**: a spec fails.
- **no difference**: the change cannot be told from the original; the reasons are below.
- **missed**: a learner can write this, and no spec fails.
- **by few specs**: of the noticed changes, those for which a short search did not find three specs that fail.
  These are tried with two more seeds.
- **by chance**: of those again, how many are missed with one of these seeds.
"""


def page(rows: Sequence[Row], untried: Sequence[str]) -> str:
    """The page of documentation about all changes."""
    head = "| module | changes | noticed | no difference | missed | by few specs | by chance |"
    lines = [HEAD, head, "|---|---|---|---|---|---|---|"]
    lines += [f"| {found.label} | {' | '.join(map(str, figures(found)))} |" for found in rows]
    totals = [sum(figures(found)[column] for found in rows) for column in range(6)]
    lines += [f"| **all** | {' | '.join(f'**{total}**' for total in totals)} |", ""]
    count, killed, same = totals[:3]
    share = killed / max(1, count - same)
    lines += [f"Of the {count - same} changes that make a difference, {share:.1%} are noticed."]
    if untried:
        lines += ["", f"Not tried yet: {', '.join(untried)}."]
    lines += ["", "## Changes that make no difference", ""]
    for found in rows:
        told = [f"{reason} ({count})" for reason, count in found.equivalent.items()]
        lines += [f"- **{found.label}**: {'; '.join(told)}."] if told else []
    lines += ["", "## Changes that are missed", ""]
    missed = [
        f"- **{found.label}**, `{m.exercise}`: `{briefly(m.before)}` → `{briefly(m.after)}`"
        for found in rows
        for m in found.missed
    ]
    lines += missed or ["None."]
    return "\n".join(lines) + "\n"


def figures(found: Row) -> tuple[int, ...]:
    """The columns of the table."""
    same, missed = sum(found.equivalent.values()), len(found.missed)
    return found.count, found.killed, same, missed, found.by_few, found.by_chance


def main(arguments: Sequence[str] | None = None) -> None:
    """Try what is not known yet, and report."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", nargs="?", default="all", help="checkpoints: 13, 10-13, autograd")
    parser.add_argument(
        "--limit", type=int, default=0, help="changes of each module, 0 for all (0)"
    )
    parser.add_argument("--seed", type=int, default=0, help="which changes are drawn (0)")
    parser.add_argument("--fresh", action="store_true", help="forget what is known")
    parser.add_argument("--known", action="store_true", help="try nothing, report what is known")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results are kept")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page about them")
    given = parser.parse_args(arguments)
    if given.fresh:
        given.results.unlink(missing_ok=True)
    given.results.parent.mkdir(exist_ok=True)
    rows, untried = [], []
    for unit in selection.select_checkpoints(kit.course(), given.which):
        if unit.source:
            drawn = mutants_of(unit)
            if given.limit:
                drawn = random.Random(given.seed).sample(drawn, min(given.limit, len(drawn)))
            if not given.known:
                attempt_all(unit, drawn, given.results)
            found = row(unit, drawn, read(given.results))
            if found is None:
                untried.append(unit.label)
            else:
                rows.append(found)
                tell(unit, found)
    if given.page:
        given.page.write_text(page(rows, untried), encoding="utf-8")


def attempt_all(unit: Unit, drawn: Sequence[Mutant], results: Path) -> None:
    """Try what is not known yet, with each seed."""
    noted = None
    for seed in SEEDS:
        due = to_try(drawn, read(results), digest_of_specs(unit), seed)
        if due:
            enough = ENOUGH if seed == SEEDS[0] else 1
            noted = attempt(unit, due, seed, results, enough, noted)


def tell(unit: Unit, found: Row) -> None:
    """The figures of a module in a line, and each change that was missed as `equivalents.toml` has it."""
    print(
        f"{found.label}: {found.killed} of {found.count} changes noticed,"
        f" {sum(found.equivalent.values())} make no difference, {len(found.missed)} missed;"
        f" {found.by_few} noticed by few specs, {found.by_chance} of them by chance",
        flush=True,
    )
    for mutant in sorted(found.missed, key=lambda mutant: mutant.line):
        name = mutant.name if mutant.occurrence > 1 else mutant.name[:3]
        print(
            f"  {json.dumps(name, ensure_ascii=False)},  # {unit.source}:{mutant.line}", flush=True
        )


if __name__ == "__main__":
    main()
