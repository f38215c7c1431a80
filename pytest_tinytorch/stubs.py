"""Cuts the learner's package out of the reference: ``python -m pytest_tinytorch.stubs [--check]``."""

import sys
from pathlib import Path

from pytest_tinytorch import settings
from pytest_tinytorch.kit import stubs

if __name__ == "__main__":
    sys.exit(stubs.main(Path.cwd(), settings.curriculum_of(Path.cwd()), sys.argv[1:]))
