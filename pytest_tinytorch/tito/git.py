"""The first commit of a workspace, and what is not to be in one, where git is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
"""Set while git runs a hook: they would send our commands to that repository."""

WITHOUT = {"user.name": "tito", "user.email": "tito@localhost", "init.defaultBranch": "main"}
"""What stands in for settings that the person has not made."""


def begin_repository(folder: Path, message: str) -> str:
    """Make ``folder`` a git repository with one commit of all there is; says what came of it.

    The person's hooks and signatures are left out of this one commit: they may ask questions.
    """
    git = shutil.which("git")
    if git is None:
        return "git is not installed, so there is no history yet."
    if run(git, folder, "rev-parse", "--is-inside-work-tree").returncode == 0:
        return f"{folder} is inside a git repository: commit it there."
    settings = {"commit.gpgSign": "false", "core.hooksPath": os.devnull}
    for name, value in WITHOUT.items():
        if run(git, folder, "config", name).returncode != 0:
            settings[name] = value
    given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", message]):
        done = run(git, folder, *given, *command)
        if done.returncode != 0:
            output = done.stderr.strip() or f"exit code {done.returncode}"
            return f"The files are there, but `git {command[0]}` failed: {output}"
    return "It is a git repository with a first commit."


def warnings(folder: Path, file: str) -> list[str]:
    """What to do about a file that names a program of this machine, if git would give it to others."""
    git = shutil.which("git")
    if git is None or run(git, folder, "check-ignore", "-q", file).returncode != 1:
        return []  # it is left out, or there is no repository
    why = f"{file} names a program of this machine"
    if run(git, folder, "ls-files", "--error-unmatch", file).returncode == 0:
        return [f"  {why}, and git has it: `git rm --cached {file}`, and name it in .gitignore."]
    return [f"  {why}: name it in .gitignore, so that git does not give it to others."]


def run(git: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of git in ``folder``."""
    return subprocess.run(
        [git, *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in PLACES},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
