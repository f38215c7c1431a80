"""One submission, from its files to its grade: taken, run in the sandbox, and checked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade import containers, inside, sandbox
from pytest_tinytorch.grade.archives import take_from
from pytest_tinytorch.grade.canaries import Planting, heard, planting
from pytest_tinytorch.grade.course import MEGABYTE, Limits
from pytest_tinytorch.grade.fingerprints import Body, bodies_of
from pytest_tinytorch.grade.flags import Flag, flags_of, own_files
from pytest_tinytorch.grade.grades import Ending, Grade, grade_of, read_result, unmeasured
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.running import Lifeline, Running
from pytest_tinytorch.grade.sandbox import NoSandbox, Sandbox
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.taking import Refused, Taken

PARSING = threading.Lock()
"""Held while source is parsed: threads that do so at once can end in a SystemError of Python 3.11."""
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
TRIES = 2
"""How often a submission is run in which something could not be measured, unless its own code may be why."""
FINISHED = (0, 1)
"""The exit codes of a run that has come to its end."""


@dataclass(frozen=True)
class Job:
    """What is the same for all submissions.

    Attributes:
        kit: the workspace, and what is asked.
        sandbox: where submissions run.
        folder: for workspaces, each of which is removed as soon as it is not needed.
        variables: of the environment, which runs see.
        running: the processes that run now.
    """

    kit: Kit
    sandbox: Sandbox
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    running: Running = field(default_factory=Running)


@dataclass(frozen=True)
class Result:
    """A grade, the files that came with it, and the fingerprints of what was graded."""

    grade: Grade
    files: Mapping[str, str] = field(default_factory=dict)
    bodies: tuple[Body, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What came out of the sandbox.

    Attributes:
        trouble: why the run could not be made; empty if it was.
        code: the exit code of pytest; None if it had to be ended.
        cpu, wall: seconds.
        files: name to text.
        canaries: what the process that judges says of them.
        secret: what nobody else knows but the process inside that has said this.
    """

    trouble: str = ""
    code: int | None = None
    cpu: float = 0.0
    wall: float = 0.0
    files: Mapping[str, str] = field(default_factory=dict)
    canaries: str = ""
    secret: str = ""


def taken_or_refused(submission: Submission, limits: Limits) -> Taken | Grade:
    """What is graded of a submission, or the grade of one that is not."""
    if submission.place is None:
        return Grade(Ending.ABSENT, reason="nothing was handed in")
    if submission.refused:
        return Grade(Ending.REFUSED, reason=submission.refused)
    try:
        return take_from(submission.place, limits)
    except Refused as error:
        return Grade(Ending.REFUSED, reason=str(error))


def key_of(taken: Taken, job: Job) -> str:
    """What a grade depends on: the submission, the kit and what is asked, where and within which limits."""
    told = [taken.digest, job.kit.digest, job.sandbox.kind, job.sandbox.image]
    told += [str(job.kit.course.limits)]
    told += [f"{name}={value}" for name, value in sorted(job.variables.items())]
    return sha256("\0".join(told).encode("utf-8")).hexdigest()[:32]


def attempt(taken: Taken, job: Job) -> Result:
    """Run a submission; once more if something in it could not be measured, though nothing is broken.

    Args:
        taken: what is graded of the submission.
        job: what is the same for all.
    """
    result, again = _once(taken, job)
    for _ in range(TRIES - 1):
        if again:
            result, again = _once(taken, job)
    key = "" if result.grade.ending == Ending.VOID else key_of(taken, job)
    remarks = (*taken.remarks, *result.grade.remarks)
    with PARSING:
        flags, bodies = look_at(taken, job.kit)
    return Result(
        replace(result.grade, key=key, remarks=remarks, flags=flags), result.files, bodies
    )


def look_at(taken: Taken, kit: Kit) -> tuple[tuple[Flag, ...], tuple[Body, ...]]:
    """What a person should look at in a submission, and what it is compared with others by."""
    files = dict(taken.files)
    own, _ = own_files(files, kit.package)
    return flags_of(files, kit.package), bodies_of(own, kit.package)


def _once(taken: Taken, job: Job) -> tuple[Result, bool]:
    """The result of one run, and whether another one may say more."""
    place = Path(tempfile.mkdtemp(prefix="run-", dir=job.folder))
    with PARSING:
        planted = planting(job.kit)
    try:
        workspace, out = place / "kit", place / "out"
        out.mkdir()
        job.kit.write(workspace, dict(taken.files))
        _let_read(place)
        answer = run(workspace, out, job, planted)
        changed = job.kit.changed(workspace)
    except OSError as error:
        return Result(Grade(Ending.VOID, reason=f"the workspace: {error}")), False
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return judged(answer, changed, job, planted)


def _let_read(place: Path) -> None:
    """Let every user read a workspace: the run may become another one."""
    for folder, _, names in os.walk(place):
        os.chmod(folder, 0o755)  # noqa: PTH101
        for name in names:
            os.chmod(os.path.join(folder, name), 0o644)  # noqa: PTH101, PTH118


def run(workspace: Path, out: Path, job: Job, planted: Planting) -> Answer:
    """Run pytest on a workspace, inside the sandbox."""
    try:
        with sandbox.own_user(job.sandbox) as uid:
            return _run(workspace, out, job, uid, planted)
    except NoSandbox as error:
        return Answer(str(error))


def _run(workspace: Path, out: Path, job: Job, uid: int | None, planted: Planting) -> Answer:
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


def remarks_about(sandbox: Sandbox) -> list[str]:
    """What a person should know of where a submission ran."""
    if sandbox.is_closed:
        return []
    if sandbox.owner:
        return [f"graded in a container of {sandbox.owner}, without a sandbox of its own"]
    return ["graded without a sandbox"]


def judged(
    answer: Answer, changed: tuple[str, ...], job: Job, planted: Planting
) -> tuple[Result, bool]:
    """The result that an answer is, and whether another run may say more."""
    told: dict[str, Any] = {
        "cpu": round(answer.cpu, 2),
        "wall": round(answer.wall, 2),
        "sandbox": str(job.sandbox.kind),
        "seed": planted.seed,
    }
    log = {name: text for name, text in answer.files.items() if name == "log.txt"}
    if answer.trouble:
        return Result(Grade(Ending.VOID, reason=answer.trouble, **told), log), False
    if changed:
        why = f"the run changed the kit: {', '.join(changed[:3])}"
        return Result(Grade(Ending.ENDED, reason=why, **told), log), False
    if answer.code is None:
        why = f"it did not end within {job.kit.course.limits.wall} minutes"
        return Result(Grade(Ending.ENDED, reason=why, **told), log), False
    try:
        result = read_result(answer.files.get("progress.json", ""))
    except (msgspec.ValidationError, msgspec.DecodeError):
        why = f"there are no results; pytest ended with code {answer.code}"
        return Result(Grade(Ending.ENDED, reason=why, **told), log), False
    if answer.code not in FINISHED:
        why = f"pytest ended with code {answer.code}, so its results do not count"
        return Result(Grade(Ending.ENDED, reason=why, **told), log), False
    if planted.seed:
        states = {UnitId(unit): one.state for unit, one in result.units.items()}
        found = heard(planted.canaries, answer.canaries, states, job.kit.curriculum)
        if found.wrong:
            more = f", and {len(found.wrong) - 1} more" if found.wrong[1:] else ""
            why = f"the run is void: the canary {found.wrong[0]}{more}"
            return Result(Grade(Ending.UNTRUSTED, reason=why, **told), log), False
        if found.silent:
            why = "a canary did not run, so the run says nothing"
            return Result(Grade(Ending.VOID, reason=why, **told), log), True
    unknown = unmeasured(result, job.kit.asked)
    remarks = [f"not measured: {unit.label}" for unit in unknown]
    remarks += [] if result.granting else ["the run granted nothing"]
    remarks += remarks_about(job.sandbox)
    grade = grade_of(result, job.kit.asked, remarks=tuple(remarks), **told)
    if not result.granting:
        grade = replace(grade, ending=Ending.ENDED, reason="the run granted nothing", remarks=())
    return Result(grade, answer.files), bool(unknown) and State.BROKEN not in grade.states.values()
