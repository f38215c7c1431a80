"""Files that are whole or as they were."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def write_whole(file: Path, data: bytes) -> None:
    """Write a file beside the old one, which it then replaces; OSError if that cannot be done."""
    write_all({file: data})


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write files as `write_whole` does: none takes its place before all are written."""
    beside = {file: file.with_name(f"{file.name}.{os.getpid()}.new") for file in files}
    try:
        for file, data in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            beside[file].write_bytes(data)
        for file, whole in beside.items():
            whole.replace(file)
    finally:
        for whole in beside.values():
            if whole.is_file():
                whole.unlink()
