"""Writes the manifest of the current folder: ``python -m pytest_tinytorch.manifest [--check]``."""

import sys
from pathlib import Path

from pytest_tinytorch import settings
from pytest_tinytorch.kit import collection

if __name__ == "__main__":
    sys.exit(collection.main(Path.cwd(), settings.curriculum_of(Path.cwd()), sys.argv[1:]))
