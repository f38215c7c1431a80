"""How well `tito grade` uses a machine: the time that a class takes, beside the CPU time that its runs need.

    python -m benchmarks.grading --copies 200

The class are copies of the worked solution of two modules. The ratio is 1 if every core works on some run
from the first second to the last; each wait, and each step that runs alone, adds to it. Measure on a machine
that does nothing else: what others use is printed, since it is in the time, and not in the CPU time of runs.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLVED = ("tensor.py", "activations.py")
CHECKPOINTS = "01-02"
STAT = Path("/proc/stat")


def machine_seconds() -> float:
    """CPU time that all processes of the machine have used since it was started."""
    if not STAT.exists():
        return 0.0
    user, nice, system, _idle, _wait, *interrupts = map(int, STAT.read_text().split()[1:8])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def hand_in(folder, copies):
    """So many submissions with the same two modules."""
    for number in range(copies):
        package = folder / f"s{number:03}" / "tinytorch"
        package.mkdir(parents=True)
        for name in SOLVED:
            shutil.copy(ROOT / "reference" / "tinytorch" / name, package)


def grade(folder, jobs):
    """Grade them; gives the rows of the table."""
    words = ["grade", folder / "desk", "--out", folder / "out", "--checkpoint", CHECKPOINTS]
    command = [sys.executable, "-m", "pytest_tinytorch.tito", *map(str, words), "--jobs", str(jobs)]
    subprocess.run(command, cwd=ROOT, check=True)
    with (folder / "out" / "grades.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def lines(rows, jobs, wall, machine):
    """What is printed of rows that took so many seconds on the clock, and the machine so many of CPU time."""
    cores = os.cpu_count() or 1
    cpu = sum(float(row["cpu_seconds"]) for row in rows)
    worth = Counter(f"{row['ending']} with {row['points']} points" for row in rows)
    yield f"{len(rows)} copies of {CHECKPOINTS}, {jobs} at a time, {cores} cores"
    yield ", ".join(f"{count} {what}" for what, count in worth.items())
    yield f"clock {wall:.0f} s, CPU of the runs {cpu:.0f} s, {cpu / len(rows):.1f} s each"
    if machine:
        yield f"all else used {max(0.0, machine - cpu) / (wall * cores):.0%} of the cores"
    yield f"clock / (CPU / cores) {wall * cores / cpu:.2f}"


def main():
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--copies", type=int, default=40, help="how many submissions (40)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grading-") as place:
        hand_in(Path(place) / "desk", given.copies)
        began, before = time.monotonic(), machine_seconds()
        rows = grade(Path(place), given.jobs)
        wall, machine = time.monotonic() - began, machine_seconds() - before
    print(*lines(rows, given.jobs, wall, machine), sep="\n")


if __name__ == "__main__":
    main()
