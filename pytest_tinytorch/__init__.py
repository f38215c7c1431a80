"""The pytest plugin of the tinytorch kit: checkpoints, milestones, and a capability report."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class PlainModules:
    """Is asked first for a module of the plugin, and finds it as Python does.

    Pytest would rewrite the asserts of all that is installed with a plugin, and its way to load what it has
    rewritten takes three times as long.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{__name__}."):
            return None
        return PathFinder.find_spec(fullname, path, target)


class MissingModules:
    """Is asked last for a module of the plugin: one that specs of another version of the kit want."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{__name__}."):
            return None
        raise ImportError(
            f"this version of the kit has no {fullname}:"
            " run `tito update` to get the specs that belong to it",
            name=fullname,
        )


sys.meta_path.insert(0, PlainModules())
sys.meta_path.append(MissingModules())
