"""What a command imports: asked of Python itself, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LINE = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)


def imported_by(folder: Path, *arguments: str) -> set[str]:
    """The modules that ``python`` imports with these arguments, started in ``folder``."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return set(LINE.findall(done.stderr))
