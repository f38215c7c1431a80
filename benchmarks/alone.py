"""Times of two processes, ours without the other library and theirs without ours, asked in turn.

    python -m benchmarks.alone gpt-step ours      # answers each line that it reads with seconds

Libraries in one process share an allocator. What one of them frees, the other finds ready; in a process of
its own, a step asks the system for its memory and gives it back. So steps that work on large arrays are
measured here too, as a program that has one of the libraries runs them, and after `keep_freed_memory()`.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import paired, settings

ALONE, KEPT = "-alone", "-kept"
TITLES = {
    "cnn-alone": "the step of cnn-step, each side in a process of its own",
    "cnn-kept": "the same; both keep freed memory",
    "gpt-alone": "the step of gpt-step, each side in a process of its own",
    "gpt-kept": "the same; both keep freed memory",
}
"""The rows; `row_of` gives the row of the table that does the same."""


def row_of(name: str) -> str:
    """
    >>> row_of("gpt-alone"), row_of("gpt-kept")
    ('gpt-step', 'gpt-step')
    """
    return name.removesuffix(ALONE).removesuffix(KEPT) + "-step"


def pairs(name: str, source: Path, threads: int, seconds: float) -> list[paired.Pair]:
    """Seconds of a call in the one process and in the other, right after each other."""
    options = ["--source", str(source), "--threads", str(threads)]
    options += ["--keep"] if name.endswith(KEPT) else []
    with (
        asked(row_of(name), "ours", *options) as ours,
        asked(row_of(name), "theirs", *options) as theirs,
    ):
        ours(), theirs()  # the first call loads code
        return paired.timed_pairs(ours, theirs, seconds)


@contextmanager
def asked(row: str, side: str, *options: str) -> Iterator[paired.Timed]:
    """A process that does the work once and says how long that took, each time it is called."""
    command = [sys.executable, "-m", "benchmarks.alone", row, side, *options]
    with subprocess.Popen(
        command,
        cwd=settings.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        bufsize=1,
    ) as process:
        questions, answers = process.stdin, process.stdout
        assert questions is not None
        assert answers is not None

        def ask() -> float:
            questions.write("\n")
            answer = answers.readline()
            if not answer:
                raise RuntimeError(f"{' '.join(command)} ended with {process.wait()}")
            return float(answer)

        try:
            yield ask
        finally:
            questions.close()  # so it ends


def answer(name: str, side: str, threads: int) -> None:
    """Do the work for each line that comes, and print how many seconds it took."""
    from benchmarks import rows

    row = rows.row(name)
    with settings.numpy_threads(row.numpy_threads(threads)):
        work = row.ours() if side == "ours" else row.theirs()
        timed = paired.awake(lambda: paired.seconds_of(work), work, paired.seconds_before(threads))
        gc.collect()
        for _ in sys.stdin:
            print(timed(), flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = settings.side_parser(__doc__)
    parser.add_argument("--keep", action="store_true", help="freed memory, for the next step")
    given = parser.parse_args(arguments)
    settings.set_up(given.source.resolve(), given.threads)
    if given.side == "theirs":
        import torch

        torch.set_num_threads(given.threads)
    if given.keep:
        from tinytorch.memory import keep_freed_memory

        keep_freed_memory()
    answer(given.row, given.side, given.threads)
    return 0


if __name__ == "__main__":
    sys.exit(main())
