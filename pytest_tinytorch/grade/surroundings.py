"""Where the grader itself runs: in a container that is thrown away, or on a machine that is kept."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pytest_tinytorch.grade import inside
from pytest_tinytorch.grade.course import Limits
from pytest_tinytorch.grade.sandbox import (
    UNPRIVILEGED,
    WAIT,
    NoSandbox,
    Sandbox,
    find_sandbox,
    prepare_check,
)
from pytest_tinytorch.grade.sandboxkind import Kind
from pytest_tinytorch.run.scratch import scratch_folder

AUTOGRADER = "AUTOGRADER"
"""The variable that says where Gradescope's folder is, if it is not in its usual place."""
HOME = "/autograder"
PARTS = ("run_autograder", "source", "submission", "results")
"""What Gradescope's folder has in it while a submission is graded."""


def owner_of_container(variables: Mapping[str, str] = os.environ) -> str:
    """Whose container or machine this is, if it is thrown away afterwards; empty on any other machine."""
    home = Path(variables.get(AUTOGRADER, HOME))
    if all((home / name).exists() for name in PARTS):
        return "Gradescope"
    hosted = variables.get("RUNNER_ENVIRONMENT") == "github-hosted"
    return "GitHub" if hosted and variables.get("GITHUB_ACTIONS") == "true" else ""


def choose_sandbox(asked: str | None, image: str, alone: bool, limits: Limits) -> Sandbox:
    """The sandbox that was asked for, else bubblewrap, else the container around it.

    Args:
        asked: its name; None if nobody asked for one.
        image: of containers.
        alone: whether there is only one submission. In a container, others could be reached.
        limits: what a submission may use.

    Raises:
        NoSandbox: there is none; the message says what mends it.
    """
    owner = owner_of_container() if asked is None and alone and not image else ""
    if not owner:
        return find_sandbox(asked, image)
    try:
        found = find_sandbox(None)
        with scratch_folder() as folder:
            prepare_check(found, limits, folder)
    except NoSandbox:
        return container_of(owner)
    return found


def container_of(owner: str) -> Sandbox:
    """The container around the grader, in which root's runs become another user.

    Raises:
        NoSandbox: root cannot become another user, or that user cannot read the packages.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return Sandbox(Kind.CONTAINER, owner=owner)
    if why := trouble_as(UNPRIVILEGED):
        raise NoSandbox(
            "bubblewrap does not start here, and submissions cannot run as another user, who has to read"
            f" Python and its packages: {why}"
        )
    return Sandbox(Kind.CONTAINER, uid=UNPRIVILEGED, owner=owner)


def trouble_as(uid: int) -> str:
    """Why root cannot run Python with the packages as this user; empty if it can."""
    words, other = inside.CHECK, inside.other_user(uid)
    try:
        done = subprocess.run(
            words, capture_output=True, timeout=WAIT, cwd="/", check=False, **other
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    return "".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]) or "it failed"
