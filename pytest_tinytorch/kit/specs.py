"""Whether the specs of a workspace are the kit's, and if not, whether its course has declared them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.evidence import digests
from pytest_tinytorch.evidence.digests import files_below
from pytest_tinytorch.evidence.implementation import kit_home
from pytest_tinytorch.evidence.standing import CONFTEST
from pytest_tinytorch.kit import record
from pytest_tinytorch.kit.files import kit_files

FOLDERS = ("specs/", "milestones/")
STORY = ".md"
"""What ends the name of a file that proves nothing."""


class SpecsStatus(Struct, frozen=True):
    """How the specs of a workspace stand to those of the kit.

    Attributes:
        differing: path of each file that is not the kit's to what it is: changed, missing or added.
        digest: of all of them as they are.
        declared: the digest that the settings declare, or nothing.
    """

    differing: Mapping[str, str]
    digest: str
    declared: str = ""

    @property
    def trusted(self) -> bool:
        """Whether a run on them may grant."""
        return not self.differing or self.declared == self.digest

    @property
    def named(self) -> str:
        """The files that differ, in a few words."""
        if not self.differing:
            return "all are the kit's"
        first, *rest = self.differing
        which = f"{first} and {len(rest)} more differ" if rest else f"{first} differs"
        return f"{which} from the kit's"

    @property
    def remark(self) -> str:
        """What a run says of specs that it cannot trust; nothing if it can."""
        return "" if self.trusted else f"grants nothing: {self.named}, see `tito specs status`"


def specs_status(root: Path, own_curriculum: bool, declared: str = "") -> SpecsStatus:
    """How the specs of the workspace in ``root`` stand to those of the kit.

    Args:
        root: the workspace.
        own_curriculum: whether its settings name a curriculum. A course that has one, and was not made by
            `tito init`, has specs of its own: there is nothing to hold them against.
        declared: the digest that its settings declare.
    """
    found = spec_digests(root)
    digest = digests.digest(found.items())
    kit = kits_digests(root, own_curriculum)
    return SpecsStatus({} if kit is None else differences(kit, found), digest, declared)


def kits_digests(root: Path, own_curriculum: bool) -> Mapping[str, str] | None:
    """Path to digest of the kit's specs for a workspace; None if there are none but its own."""
    home = kit_home()
    if root == home:
        return None
    try:
        return only_specs(record.read_record(root).files)
    except (OSError, ValueError):
        if own_curriculum:
            return None
    files = only_specs({path: str(file) for path, file in kit_files(home).items()})
    return {path: record.digest(path, Path(file).read_bytes()) for path, file in files.items()}


def spec_digests(root: Path) -> dict[str, str]:
    """Path to digest of each file in a workspace that its specs are made of."""
    below = [file for folder in FOLDERS for file in files_below(root / folder)]
    found = {file.relative_to(root).as_posix(): file for file in below}
    return {
        path: record.digest(path, digests.read_if_present(found[path]) or b"")
        for path in sorted(only_specs({path: path for path in found}))
    }


def only_specs(files: Mapping[str, str]) -> dict[str, str]:
    """Of some files, by path, those that specs are made of."""
    return {p: x for p, x in files.items() if p.startswith(FOLDERS) and not p.endswith(STORY)}


def differences(kit: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Path to what is the matter with each file that is not the kit's.

    A file that was added is none of the kit's, and takes nothing away; only a conftest can.
    """
    result = {}
    for path in sorted({*kit, *found}):
        if path not in found:
            result[path] = "missing"
        elif path not in kit:
            if path.rpartition("/")[2] == CONFTEST:
                result[path] = "added"
        elif kit[path] != found[path]:
            result[path] = "changed"
    return result
