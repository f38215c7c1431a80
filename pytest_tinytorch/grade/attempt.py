"""One submission, from its files to its grade: taken, run in the sandbox, and checked."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from pytest_tinytorch.course.curriculum import UnitId
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.grade.archives import take_from
from pytest_tinytorch.grade.canaries import Planting, heard, planting
from pytest_tinytorch.grade.course import Limits
from pytest_tinytorch.grade.fingerprints import Body, bodies_of
from pytest_tinytorch.grade.flags import Flag, flags_of, own_files
from pytest_tinytorch.grade.grades import Ending, Grade, grade_of, read_result, unmeasured
from pytest_tinytorch.grade.jobs import Answer, Job, Result
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.launch import run
from pytest_tinytorch.grade.sandbox import Sandbox
from pytest_tinytorch.grade.submissions import Submission
from pytest_tinytorch.grade.taking import Refused, Taken

TRIES = 2
"""How often a submission is run in which something could not be measured, unless its own code may be why."""
FINISHED = (0, 1)
"""The exit codes of a run that has come to its end."""


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
    planted = planting(job.kit, job.seed)
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
        "sandbox": job.kept_apart,
        "seed": planted.seed,
    }
    log = {name: text for name, text in answer.files.items() if name == "log.txt"}
    if answer.starved and (answer.trouble or answer.code not in FINISHED):
        why = f"its processes used more than {job.kit.course.limits.memory} MB of memory together"
        return Result(Grade(Ending.ENDED, reason=why, **told), log), False
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
    remarks += ["some of its processes were ended, for lack of memory"] if answer.starved else []
    remarks += remarks_about(job.sandbox)
    grade = grade_of(result, job.kit.asked, remarks=tuple(remarks), **told)
    if not result.granting:
        grade = replace(grade, ending=Ending.ENDED, reason="the run granted nothing", remarks=())
    blameless = State.BROKEN not in grade.states.values() and not answer.starved
    return Result(grade, answer.files), bool(unknown) and blameless
