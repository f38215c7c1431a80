"""The build: what a workspace is made of goes into the wheel, see docs/decisions/0008-*.md."""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent.resolve()
sys.path.insert(0, str(ROOT))

# It is not installed while it is built.
from pytest_tinytorch.evidence.paths import SHIPPED  # noqa: E402
from pytest_tinytorch.kit.files import kit_files  # noqa: E402


class BuildWithKit(build_py):
    """Copies the kit's files beside the plugin; an editable installation finds the files themselves."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        shipped = Path(self.build_lib, "pytest_tinytorch", SHIPPED)
        shutil.rmtree(shipped, ignore_errors=True)  # an earlier build may have left more
        for path, file in kit_files(ROOT).items():
            target = shipped / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)

    def get_source_files(self):
        """What an archive of the source has to hold."""
        return [*super().get_source_files(), *kit_files(ROOT)]


setup(cmdclass={"build_py": BuildWithKit})
