"""Runs pytest again and again in forks of one process that has imported what every run needs.

A script of its own, started by `tests/support/warm.py`. One line of JSON on stdin asks for a run, one on
stdout answers it. Neither the package under test nor a spec is ever imported here, only in forks.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import runpy
import select
import sys
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

from pytest_tinytorch.run import linux
from pytest_tinytorch.watch import forks

ROOT = Path(__file__).parents[2]
NEEDED = (
    "filelock",
    "hypothesis.extra.numpy",
    "hypothesis.internal.conjecture.optimiser",
    "hypothesis.stateful",
    "msgspec",
    "numpy.random",
    "pdb",
    "pytest_benchmark.storage.file",
    "rich._emoji_codes",
    "pytest_tinytorch.run.judge",
    "pytest_tinytorch.run.runner",
)
"""What a run imports in any case. Nothing more of our own: Hypothesis draws from the constants of
all such modules that are loaded, and must find the same ones as in a process of its own."""


def prepare() -> None:
    """Import what every run needs, in a folder with no settings of ours."""
    before = Path.cwd()
    sources = [f for folder in ("reference", "tinytorch") for f in (ROOT / folder).rglob("*.py")]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        forks.warm_up(NEEDED, sources, "--rootdir=.")
        find_constants()
        os.chdir(before)
    del sys.modules[forks.__name__]  # a process of its own would not have it, see above


def find_constants() -> None:
    """Let Hypothesis parse all that is imported, for constants: in a new folder that is half of a run.

    It keeps them by module; a run still draws only from those of the modules that it has itself.
    """
    from hypothesis.internal import constants_ast

    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    with warnings.catch_warnings(action="ignore"):  # no test has begun: plugins should not do this
        for name, file in files.items():
            if file is not None and constants_ast.is_local_module_file(file):
                constants_ast.constants_from_module(sys.modules[name])


def become(request: dict) -> None:
    """Take on all that a new process is given: session, files, folder, environment, path."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, file in ((1, request["stdout"]), (2, request["stderr"])):
        os.dup2(os.open(file, os.O_WRONLY), number)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [str(Path.cwd()), *filter(None, folders)]
    importlib.invalidate_caches()
    if "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ:
        # Hypothesis has chosen a folder while it was imported: the one the server was in.
        sys.modules["hypothesis.configuration"].set_hypothesis_home_dir(Path.cwd() / ".hypothesis")


def run_pytest(arguments: list[str]) -> None:
    """What `python -m pytest` does; it ends in SystemExit, so the interpreter closes down as always."""
    sys.argv[:] = ["-m", *arguments]
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)


def wait_for(child: int, seconds: float) -> dict:
    """The end of a run: its own, or ours when it is late or nobody is left to ask for it.

    Processes that it leaves behind are ended too.
    """
    before = cpu_seconds_of_children()
    watched = os.pidfd_open(child)
    ready, _, _ = select.select([watched, sys.stdin], [], [], seconds)
    os.close(watched)
    code = linux.end_group(child)
    return {"code": code, "late": not ready, "cpu": cpu_seconds_of_children() - before}


def cpu_seconds_of_children() -> float:
    """The CPU time of all processes that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Answer requests until the one who asks is gone."""
    sys.path[0] = str(ROOT)
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever is printed here by mistake is no answer
    prepare()
    while line := sys.stdin.readline():
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os.close(answers)
            become(request)
            run_pytest(request["arguments"])
        answer = json.dumps(wait_for(child, request["seconds"])) + "\n"
        with suppress(BrokenPipeError):
            os.write(answers, answer.encode())


if __name__ == "__main__":
    main()
