"""What the last run followed and borrowed on its command line: `tito` goes on as pytest did."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from pytest_tinytorch.evidence.jsontext import parsed

FILE = ".tinytorch/last-run.json"


class Following(Struct, frozen=True):
    """What was asked for, as typed; None where nothing was."""

    path: str | None = None
    borrow: str | None = None


def read_following(root: Path) -> Following:
    """What the last run in ``root`` was asked for; nothing if that is not known."""
    try:
        table = parsed((root / FILE).read_bytes())
        found = [table.get(name) for name in ("path", "borrow")]
    except (OSError, ValueError, AttributeError):
        return Following()
    return Following(*(one if isinstance(one, str) and one else None for one in found))


def remember(root: Path, now: Following) -> None:
    """Keep it for `tito`. A run that was asked for nothing ends what the one before was asked for."""
    if now == read_following(root):
        return
    import json

    with suppress(OSError):  # it is a convenience: no verdict depends on it
        file = root / FILE
        if now == Following():
            file.unlink(missing_ok=True)
        else:
            table = {"path": now.path, "borrow": now.borrow}
            file.write_text(json.dumps(table) + "\n", encoding="utf-8", newline="\n")
