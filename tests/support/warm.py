"""A run of pytest without its start-up: asks a server that has imported everything to fork.

Hundreds of runs are what this suite spends its time on, and most of one is its imports.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SERVER = Path(__file__).with_name("warm_server.py")


def possible() -> bool:
    """Only on Linux: elsewhere there is no fork, or libraries that do not survive one.

    With TINYTORCH_COLD set, nowhere: that shows whether a failure has to do with forks.
    """
    return (
        sys.platform == "linux"
        and hasattr(os, "pidfd_open")
        and not os.environ.get("TINYTORCH_COLD")
    )


def learners_environment() -> dict[str, str]:
    """The environment of a run: ours without what would change the output, on one thread.

    On GitHub our own variables say so, and Hypothesis has other defaults there.
    """
    changing = re.compile("CI|GITHUB_.*|PYTEST_ADDOPTS|NO_COLOR|.*_XDIST_.*")
    ours = {name: value for name, value in os.environ.items() if not changing.fullmatch(name)}
    given = {"COLUMNS": "80", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return ours | given | {"OPENBLAS_NUM_THREADS": "1"}


def run_cold(
    arguments: list[str], folder: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run pytest in a new process, as a learner does."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


class Server:
    """The process that forks. It ends when its stdin does, so at the latest when we do."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(
        self, arguments: list[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """The same as `run_cold`, in a fork."""
        with tempfile.TemporaryDirectory() as place:
            files = {name: Path(place) / name for name in ("stdout", "stderr")}
            for file in files.values():
                file.touch()
            request = {"arguments": arguments, "folder": str(folder), "seconds": timeout}
            request |= {"environment": dict(environment)}
            answer = self.ask(request | {name: str(file) for name, file in files.items()})
            shown = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
        if answer["late"]:
            raise subprocess.TimeoutExpired(arguments, timeout, shown["stdout"], shown["stderr"])
        done = subprocess.CompletedProcess(arguments, answer["code"], **shown)
        done.cpu = answer["cpu"]
        return done

    def ask(self, request: dict) -> dict:
        """One request and its answer."""
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server is gone, with exit code {self.process.wait()}")
        return json.loads(line)

    def close(self) -> int:
        """Let it end; its exit code."""
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


@cache
def server() -> Server:
    """The one server of this process."""
    found = Server(learners_environment())
    atexit.register(found.close)
    return found
