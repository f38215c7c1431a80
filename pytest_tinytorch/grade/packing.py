"""A zip whose bytes depend on its files only."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every file."""


def packed(files: Mapping[str, bytes], programs: Collection[str] = ()) -> bytes:
    """A zip with these files.

    Args:
        files: path, with slashes, to content.
        programs: paths of those that can be run.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for path, data in sorted(files.items()):
            info = zipfile.ZipInfo(path, LONG_AGO)
            info.create_system = 3  # Unix, on any system
            info.external_attr = (0o100755 if path in programs else 0o100644) << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED, compresslevel=9)
    return written.getvalue()
