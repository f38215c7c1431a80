"""One run: pytest on a workspace, inside the sandbox, and what comes out of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec

from pytest_tinytorch.grade import containers, inside, sandbox
from pytest_tinytorch.grade.canaries import Planting
from pytest_tinytorch.grade.cgroups import Group
from pytest_tinytorch.grade.course import MEGABYTE, Limits
from pytest_tinytorch.grade.jobs import Answer, Job
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.running import Lifeline
from pytest_tinytorch.grade.sandbox import NoSandbox

PROFILE = "ci"
"""Draws the same examples for everybody, whatever the seed."""
FILES = {
    "progress.json": 4 * MEGABYTE,
    "junit.xml": 8 * MEGABYTE,
    "gradescope.json": 2 * MEGABYTE,
    "progress.md": MEGABYTE,
    "log.txt": MEGABYTE,
}
"""The files that come out of a run, and how many bytes are read of each."""
LARGEST_ANSWER = 100 * MEGABYTE
GRACE = 60.0
"""Seconds that the process inside has to begin and to end, beyond those of the run."""


def run(workspace: Path, out: Path, job: Job, planted: Planting) -> Answer:
    """Run pytest on a workspace, inside the sandbox."""
    try:
        with sandbox.own_user(job.sandbox) as uid:
            if job.groups is None:
                return _run(workspace, out, job, uid, planted)
            with job.groups.one(job.kit.course.limits) as group:
                answer = _run(workspace, out, job, uid, planted, group)
                return replace(answer, starved=group.starved)
    except NoSandbox as error:
        return Answer(str(error))


def _run(
    workspace: Path,
    out: Path,
    job: Job,
    uid: int | None,
    planted: Planting,
    group: Group | None = None,
) -> Answer:
    limits, closed = job.kit.course.limits, job.sandbox.is_closed
    home, results = (sandbox.KIT, sandbox.OUT) if closed else (str(workspace), str(out))
    if uid is not None and not closed:
        shutil.chown(out, uid, uid)
    request = {
        "what": "the run",
        "command": command(job.kit, results, job.sandbox.python),
        "folder": home,
        "out": results,
        "seconds": 60 * limits.wall,
        "uid": uid,
        "namespace": inside.namespace() if closed else None,
        "limits": system_limits(
            limits, uid is not None or (closed and not job.sandbox.is_container)
        ),
        "files": FILES,
        "secretly": bool(planted.seed),
    }
    inner = sandbox.inner_command(job.sandbox, json.dumps(request))
    words = sandbox.wrapped(job.sandbox, limits, job.folder, workspace, inner, job.variables)
    words = group.entered(words) if group else words
    environment = sandbox.outer_environment(job.sandbox, job.variables, str(out))
    line = Lifeline()
    if planted.seed:
        line.tell(planted.line)
    try:
        with (
            subprocess.Popen(
                words,
                cwd=workspace,
                env=environment,
                stdin=line.inner,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            ) as process,
            job.running.watched(process, line),
        ):
            answer = _answer(process, 60 * limits.wall + GRACE, planted.secret)
            # What is inside may have seen its lifeline go, and answered, before it was killed.
            return Answer("the grader was stopped") if job.running.stopped else answer
    except OSError as error:
        return Answer(f"{words[0]}: {error}")
    finally:
        line.cut()
        if job.sandbox.is_container:  # it is gone, unless the engine was ended before it
            containers.end(job.sandbox.container(job.folder, workspace))


def _answer(process: subprocess.Popen[bytes], seconds: float, secret: str) -> Answer:
    try:
        said, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return Answer(f"it did not end within {seconds / 60:.0f} minutes, and had to be killed")
    try:
        answer = msgspec.json.decode(said[:LARGEST_ANSWER], type=Answer)
        forged = answer.secret != secret and not answer.trouble
        return Answer("the answer is not from the process that ran it") if forged else answer
    except (msgspec.DecodeError, msgspec.ValidationError):
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        return Answer(f"no answer, exit code {process.returncode}: {''.join(last)[:300]}")


def command(kit: Kit, results: str, python: str) -> list[str]:
    """The command line of pytest for a graded run."""
    return [
        *(python, "-m", "pytest", "-p", "tinytorch", "-p", "no:cacheprovider"),
        *("--isolate", "--show-capture=no", "--color=no", "--rootdir=.", *kit.options),
        f"--hypothesis-profile={PROFILE}",
        f"--ledger={results}/ledger.jsonl",
        f"--basetemp={results}/pytest",
        f"--junitxml={results}/junit.xml",
        f"--tinytorch-json={results}/progress.json",
        f"--tinytorch-gradescope={results}/gradescope.json",
        f"--tinytorch-markdown={results}/progress.md",
    ]


def system_limits(limits: Limits, counted: bool) -> dict[str, int]:
    """The limits by the names that the system has for them.

    Processes are counted by user, so there is a limit of them only where a run has one to itself. A container
    counts its own.
    """
    found = {
        "CPU": 60 * limits.cpu,
        "AS": limits.memory * MEGABYTE,
        "FSIZE": limits.written * MEGABYTE,
        "CORE": 0,
        "NOFILE": 512,
    }
    return found | ({"NPROC": limits.processes} if counted else {})
