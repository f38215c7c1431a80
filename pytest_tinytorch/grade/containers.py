"""A container for each run: the command lines of Docker and Podman, which take the same words."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from pytest_tinytorch.grade.course import Limits
from pytest_tinytorch.grade.kit import differences, judges

LABEL = "tinytorch-grader"
"""Says which grader a container belongs to."""
USER = "59000:59000"
"""Who a run is: nobody that the machine or an image knows."""
WAIT = 60.0
REMEDIES = {
    "no such image": "build or pull it first",
    "image not known": "build or pull it first",
    "daemon": "is it running, and may you use it?",
    "no module named": "install pytest-tinytorch in the image",
}
"""What an engine says, in lower case, to what helps."""


@dataclass(frozen=True)
class Container:
    """What a run is started in.

    Attributes:
        engine: the program, of Docker or Podman.
        image: what it runs. It is never pulled.
        grader: the folder by which the grader finds what it has left behind.
        workspace: the folder that is judged.
        home: where that is inside. It cannot be written.
        results: the folder for results, inside.
    """

    engine: str
    image: str
    grader: Path
    workspace: Path
    home: str
    results: str

    @property
    def name(self) -> str:
        """By which it can be ended: another one for each workspace."""
        return f"tinytorch-{sha256(str(self.workspace).encode('utf-8')).hexdigest()[:16]}"


class Report(msgspec.Struct):
    """What an image says of itself: what would judge in it, and what a submission must not see."""

    judges: dict[str, str]
    hidden: list[str]


def run_command(
    container: Container, limits: Limits, arguments: Sequence[str], variables: Mapping[str, str]
) -> list[str]:
    """The command line that runs Python with these arguments in a container, which is gone afterwards.

    It keeps stdin open, by which what is inside notices that the grader is gone. Limits of processes are set
    inside; these are for all of them together.
    """
    memory, scratch = f"{limits.memory}m", f"size={limits.scratch}m"
    return [
        *(container.engine, "run", "--rm", "--interactive", "--pull", "never"),
        *("--name", container.name, "--label", f"{LABEL}={container.grader}"),
        *("--network", "none", "--ipc", "private", "--hostname", "graded"),
        *("--user", USER, "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--pids-limit", str(limits.processes), "--cpus", "1"),
        *("--memory", memory, "--memory-swap", memory, "--shm-size", f"{limits.scratch}m"),
        *("--read-only", "--tmpfs", f"/tmp:rw,exec,mode=1777,{scratch}"),
        *("--tmpfs", f"{container.results}:rw,mode=1777,size={2 * limits.written}m"),
        *("--mount", f"type=bind,source={container.workspace},target={container.home},readonly"),
        *("--workdir", container.home),
        *(word for name, value in variables.items() for word in ("--env", f"{name}={value}")),
        *("--entrypoint", "python", container.image, *arguments),
    ]


def end(container: Container) -> None:
    """End a container, if it is still there."""
    _said(container.engine, "rm", "--force", container.name)


def end_left(engine: str, grader: Path) -> None:
    """End what a grader with the same folder has left behind when it was killed."""
    found = _said(engine, "ps", "--all", "--quiet", "--filter", f"label={LABEL}={grader}").split()
    if found:
        _said(engine, "rm", "--force", *found)


def _said(engine: str, *words: str) -> str:
    """What the engine says; nothing if it fails, since then there is nothing to end."""
    with suppress(OSError, ValueError, subprocess.TimeoutExpired):
        done = subprocess.run([engine, *words], capture_output=True, timeout=WAIT, check=True)
        return done.stdout.decode("utf-8")
    return ""


def unfit(report: bytes) -> str:
    """Why an image that reports this cannot be used; empty if it can."""
    try:
        told = msgspec.json.decode(report, type=Report)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return "it does not say what is installed: install pytest-tinytorch in it"
    if differ := differences(judges(), told.judges):
        return f"another kit is installed in it: {differ}"
    if told.hidden:
        return f"submissions could read {', '.join(told.hidden)}: remove that when you build it"
    return ""


def remedy(said: str) -> str:
    """What helps if an engine says this.

    >>> remedy("docker: Error response from daemon: No such image: kit:1")
    'build or pull it first'
    """
    return next((told for word, told in REMEDIES.items() if word in said.lower()), "")
