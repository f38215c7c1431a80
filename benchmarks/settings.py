"""What a measurement is made with: the framework, the threads, the machine. Set before NumPy is imported."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "reference"

NUMPYS = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Variables that say how many threads multiply matrices for NumPy: one, as the kit sets it, unless
`numpy_threads` says otherwise."""

OTHERS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
"""Variables that say how many threads PyTorch and tokenizers may use."""

LIBRARIES = ("numpy", "torch", "tokenizers", "pytest", "hypothesis", "pytest-watcher")

WITHOUT_TORCH = 'PyTorch is not installed: python -m pip install -e ".[bench]"'
WITHOUT_POOLS = 'threadpoolctl is not installed: python -m pip install -e ".[bench]"'


def set_up(source: Path, threads: int) -> None:
    """Let `import tinytorch` find the package in a folder, and both sides use so many threads.

    Processes that are started from here do the same. NumPy multiplies in one, see `numpy_threads`.
    """
    for name in NUMPYS:
        os.environ[name] = "1"
    for name in OTHERS:
        os.environ[name] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    sys.path.insert(0, str(source))


def threads() -> int:
    """How many each side uses."""
    return int(os.environ.get(OTHERS[0], "1"))


@contextmanager
def numpy_threads(count: int) -> Iterator[None]:
    """Let NumPy multiply in so many threads meanwhile. PyTorch's own libraries stay as they are."""
    if count == 1:
        yield
        return
    from threadpoolctl import ThreadpoolController

    found = ThreadpoolController()
    of_numpy = [one.filepath for one in found.lib_controllers if "numpy" in one.filepath]
    with found.select(filepath=of_numpy).limit(limits=count):
        yield


def side_parser(doc: str | None) -> argparse.ArgumentParser:
    """The arguments of a process that does one side of a row; ``doc`` says in its first line what for."""
    made = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    made.add_argument("row")
    made.add_argument("side", choices=("ours", "theirs"))
    made.add_argument("--source", type=Path, default=REFERENCE)
    made.add_argument("--threads", type=int, default=1)
    return made


def processor() -> str:
    """The name of the processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def versions() -> dict[str, str]:
    """Of Python and of each library that is here."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def described(threads: int) -> dict[str, object]:
    """All that a reader of numbers has to know of where they are from."""
    chosen = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": threads,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
        "versions": versions(),
        "variables": {k: v for k, v in sorted(os.environ.items()) if k.startswith(chosen)},
    }
