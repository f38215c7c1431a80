"""What the runs of a class have in common, and what each says and comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_tinytorch.grade.cgroups import Groups
from pytest_tinytorch.grade.fingerprints import Body
from pytest_tinytorch.grade.grades import Grade
from pytest_tinytorch.grade.kit import Kit
from pytest_tinytorch.grade.running import Running
from pytest_tinytorch.grade.sandbox import Sandbox


@dataclass(frozen=True)
class Job:
    """What is the same for all submissions.

    Attributes:
        kit: the workspace, and what is asked.
        sandbox: where submissions run.
        folder: for workspaces, each of which is removed as soon as it is not needed.
        variables: of the environment, which runs see.
        running: the processes that run now.
        groups: where cgroups for runs are made; None where memory is limited for each process alone.
        seed: that canaries are drawn from; empty for another one for each run.
    """

    kit: Kit
    sandbox: Sandbox
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    running: Running = field(default_factory=Running)
    groups: Groups | None = None
    seed: str = ""

    @property
    def kept_apart(self) -> str:
        """What keeps submissions apart, for people."""
        return f"{self.sandbox.kind} with cgroups" if self.groups else str(self.sandbox.kind)


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
        starved: whether a process was ended since all together used too much memory.
    """

    trouble: str = ""
    code: int | None = None
    cpu: float = 0.0
    wall: float = 0.0
    files: Mapping[str, str] = field(default_factory=dict)
    canaries: str = ""
    secret: str = ""
    starved: bool = False
