"""The pytest plugin of the tinytorch kit: checkpoints, milestones, and a capability report."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


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


sys.meta_path.append(MissingModules())
