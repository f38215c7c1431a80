"""How much memory a piece of work needs, measured in a process of its own.

    python -m benchmarks.memory gpt-step ours

What is measured on Linux is anonymous memory, which is what programs ask for, and no code that is read
from files. The work is set up, and free memory given back; what the process has then is the beginning.
The work is done once, which also loads code; the system's mark of the peak is put back; it is done three
times more, and the peak less the beginning is what it needs. Weights and data are there before, gradients
and what an optimizer remembers are not. Some hundred kilobytes are chance. Elsewhere it is the peak of the
process after the work less that before, or not known.
"""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
from pathlib import Path

from benchmarks import settings
from benchmarks.row import Work

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
KEEP_PEAK = "5"
"""Written to `CLEAR` it sets the mark of the peak to what is used now."""


def of(name: str, side: str, source: Path, threads: int) -> int | None:
    """Bytes that one side of a row needs; None if that cannot be measured here."""
    command = [sys.executable, "-m", "benchmarks.memory", name, side]
    command += ["--source", str(source), "--threads", str(threads)]
    run = subprocess.run(
        command, cwd=settings.ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return int(run.stdout) if run.stdout.strip().isdigit() else None


def fields(text: str) -> dict[str, int]:
    """Sizes in bytes of what the system says of a process.

    >>> fields("Name:\\tpython\\nVmHWM:\\t    2048 kB\\nRssFile:\\t 1024 kB\\n")
    {'VmHWM': 2097152, 'RssFile': 1048576}
    """
    parts = (line.split() for line in text.splitlines() if line.endswith(" kB"))
    return {name.rstrip(":"): int(size) * 1024 for name, size, _ in parts}


def measured(name: str, side: str) -> int | None:
    """Bytes that one side of a row needs, in this process."""
    from benchmarks import rows

    row = rows.row(name)
    with settings.numpy_threads(row.numpy_threads(settings.threads())):
        work = row.ours() if side == "ours" else row.theirs()
        gc.collect()
        return on_linux(work) if CLEAR.exists() else elsewhere(work)


def on_linux(work: Work) -> int:
    give_back()
    before = fields(STATUS.read_text(encoding="utf-8"))["RssAnon"]
    work()
    CLEAR.write_text(KEEP_PEAK, encoding="utf-8")
    for _ in range(3):
        work()
    after = fields(STATUS.read_text(encoding="utf-8"))
    from_files = after["RssFile"] + after.get("RssShmem", 0)
    return max(0, after["VmHWM"] - from_files - before)


def give_back() -> None:
    """Let the allocator of C return what is free, or the work would find room that nobody counts."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def elsewhere(work: Work) -> int | None:
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(4):
        work()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit


def main(arguments: list[str] | None = None) -> int:
    parser = settings.side_parser(__doc__)
    given = parser.parse_args(arguments)
    settings.set_up(given.source, given.threads)
    found = measured(given.row, given.side)
    print("" if found is None else found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
