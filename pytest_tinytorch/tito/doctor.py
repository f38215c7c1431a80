"""`tito doctor`: what a working set-up needs, looked at one by one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution, entry_points, version
from pathlib import Path

from packaging.requirements import Requirement

from pytest_tinytorch.evidence.paths import hidden_by, hiding, is_needed, why
from pytest_tinytorch.kit import record
from pytest_tinytorch.kit.files import DISTRIBUTION, kit_version
from pytest_tinytorch.tito.lsp import INSTALL
from pytest_tinytorch.tito.session import Session
from pytest_tinytorch.tito.specs import status_of

OLDEST = (3, 11)
SERVER_EXTRA = "lsp"
"""The extra with what `tito lsp` is built on. The other extras have commands that name what they lack."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: was looked at.
        ok: whether it is as it should be.
        found: what is there.
        remedy: what to do if it is not.
        needed: whether the loop does not work without it.
    """

    what: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True

    def table(self) -> dict[str, object]:
        """As plain values; the keys are those of ``tito doctor --json``."""
        values = asdict(self)
        return values | {"well": values.pop("ok"), "mend": values.pop("remedy")}


def examine_kit(session: Session) -> list[Finding]:
    """Look at everything."""
    looks: list[Callable[[Session], list[Finding]]] = [
        python,
        packages,
        plugin,
        workspace,
        specs,
        progress,
        names,
        terminal,
        data,
    ]
    return [finding for look in looks for finding in look(session)]


def python(session: Session) -> list[Finding]:
    """The version of Python."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    least = ".".join(str(part) for part in OLDEST)
    ok = sys.version_info[:2] >= OLDEST
    return [Finding("Python", ok, found, f"install Python {least} or newer")]


def packages(session: Session) -> list[Finding]:
    """Every package that the kit is built on, as its own metadata names them, and those of `tito lsp`."""
    remedy = 'python -m pip install -e "."'
    try:
        requires = distribution(DISTRIBUTION).requires or []
    except PackageNotFoundError:
        return [Finding(DISTRIBUTION, False, "not installed", remedy)]
    found = {need: extra_of(need) for need in map(Requirement, requires)}
    wish = f"for verdicts at your lines in an editor: {INSTALL}"
    return [
        package(need, wish if extra else remedy, needed=not extra)
        for need, extra in found.items()
        if extra in ("", SERVER_EXTRA)
    ]


def extra_of(need: Requirement) -> str | None:
    """The extra that requires a package; empty if the kit itself does, None if another extra does."""
    asked, marker = ("", SERVER_EXTRA), need.marker
    return next((one for one in asked if marker is None or marker.evaluate({"extra": one})), None)


def package(need: Requirement, remedy: str, needed: bool) -> Finding:
    """Whether a package is installed, and in a version that will do."""
    try:
        found = version(need.name)
    except PackageNotFoundError:
        return Finding(need.name, False, "not installed", remedy, needed)
    ok = need.specifier.contains(found, prereleases=True)
    return Finding(
        need.name, ok, found + ("" if ok else f", {need.specifier} is needed"), remedy, needed
    )


def plugin(session: Session) -> list[Finding]:
    """Whether `-p tinytorch` means the plugin, and not the package of the learner."""
    named = {point.value for point in entry_points(group="pytest11", name="tinytorch")}
    found = " ".join(sorted(named)) or "nothing"
    what = DISTRIBUTION if has_record(session) else f'-e "{session.workspace.root}"'
    remedy = f"python -m pip install --force-reinstall --no-deps {what}"
    return [Finding("pytest -p tinytorch", found == "pytest_tinytorch.plugin", found, remedy)]


def has_record(session: Session) -> bool:
    """Whether `tito init` made the workspace: the kit is then installed beside it, not out of it."""
    return (session.workspace.root / record.FILE).is_file()


def workspace(session: Session) -> list[Finding]:
    """Whether the files of the kit in the workspace are those of the kit that is installed."""
    if not has_record(session):
        return []
    try:
        found = record.read_record(session.workspace.root).version
    except (OSError, ValueError) as error:
        return [Finding("workspace", False, "no record", str(error), needed=False)]
    now = kit_version()
    upgrade = f"python -m pip install --upgrade {DISTRIBUTION}"
    remedy = upgrade if record.is_newer(found, now) else "tito update"
    return [Finding("workspace", found == now, f"version {found}", remedy, needed=False)]


def specs(session: Session) -> list[Finding]:
    """Whether the specs are the kit's, or those that the course has declared: a run grants on no others."""
    status = status_of(session.workspace.root)
    if not status.differing:
        return [Finding("specs", True, "unchanged")]
    if status.trusted:
        return [Finding("specs", True, f"{status.named}: declared in the settings")]
    restore = "tito update" if has_record(session) else "git checkout -- specs milestones"
    found = f"{status.named}: runs grant nothing"
    remedy = f"restore them: {restore}; if your course changed them: tito specs accept"
    return [Finding("specs", False, found, remedy, needed=False)]


def progress(session: Session) -> list[Finding]:
    """Whether the ledger can be read and added to, or made."""
    file = session.workspace.ledger_file
    place = next(one for one in (file, *file.parents) if os.path.lexists(one))
    is_right, rights = (
        (place.is_file(), os.R_OK | os.W_OK) if place == file else (place.is_dir(), os.W_OK)
    )
    if is_right and os.access(place, rights):
        if damage := session.workspace.ledger.damage:
            found = f"{file}: {len(damage)} of its lines cannot be read, and are passed over"
            remedy = "run the specs again: what passes is kept anew"
            return [Finding("progress", False, found, remedy, needed=False)]
        return [Finding("progress", True, str(file))]
    wrong = "cannot be written" if is_right else f"is no {'file' if place == file else 'folder'}"
    remedy = (
        "let it be read and written" if is_right else "move it away: the next run makes it anew"
    )
    return [Finding("progress", False, f"{place} {wrong}, so no run is kept", remedy)]


def names(session: Session) -> list[Finding]:
    """Files that hide modules of Python's own, or a package; nothing is said where there are none.

    What is imported here already, pytest needs as well.
    """
    return [
        Finding(
            file.name,
            False,
            f"hides {hidden_by(file)}",
            f"rename {file}",
            needed=is_needed(file),
        )
        for file in hiding(session.workspace.root)
    ]


def terminal(session: Session) -> list[Finding]:
    """What the terminal can show."""
    encoding = (sys.__stdout__.encoding if sys.__stdout__ else None) or "unknown"
    ok = not session.glyphs.plain
    remedy = (
        "for check marks and bars set PYTHONUTF8=1 and use a terminal with UTF-8; it works without"
    )
    return [Finding("terminal", ok, f"{encoding}, {session.width} columns", remedy, needed=False)]


def data(session: Session) -> list[Finding]:
    """Whether the data that ships is there, and where larger data would be looked for."""
    findings = []
    for name in ("tinydigits", "tinytalks"):
        folder = session.workspace.root / "datasets" / name
        way = "tito update" if has_record(session) else f"git checkout -- datasets/{name}"
        trouble = damage(folder)
        remedy = f"restore it: {way}"
        findings.append(Finding(name, not trouble, trouble or str(folder), remedy, needed=False))
    own = os.environ.get("TINYTORCH_DATA")
    if own:
        ok = os.path.isdir(own)  # noqa: PTH112 - the text that was set, whatever it is
        remedy = "TINYTORCH_DATA must name a folder"
        findings.append(Finding("TINYTORCH_DATA", ok, own, remedy, needed=False))
    return findings


def damage(folder: Path) -> str:
    """What is wrong with data that ships, by the digests beside it; empty if nothing is."""
    sums = folder / "SHA256SUMS"
    try:
        for line in filter(str.strip, sums.read_text(encoding="utf-8").splitlines()):
            digest, _, name = " ".join(line.split()).partition(" ")
            if not name:
                return f"{sums} is damaged"
            if sha256((folder / name).read_bytes()).hexdigest() != digest:
                return f"{folder / name} is damaged"
    except FileNotFoundError as error:
        return f"{error.filename} is missing"
    except (OSError, ValueError) as error:
        return f"{getattr(error, 'filename', None) or folder}: {why(error)}"
    return ""
