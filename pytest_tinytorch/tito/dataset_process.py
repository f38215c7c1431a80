"""A process that opens data sets with the package in a folder: `tito data` runs this file.

    python -P dataset_process.py FOLDER '[["TinyDigits", [true, false], {}], …]'

It prints a line of JSON. For each data set that is null if it is whole, or else why it is not, and
whether that is because files are missing. If the package cannot be used it is one text.

No module imports this one: the package under test is imported in this process and in no other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from traceback import format_exception_only
from typing import Any

Answer = dict[str, Any] | None


def main(folder: str, asked: str) -> None:
    """Open what is asked for; what the package prints meanwhile is no part of the answer."""
    sys.path.insert(0, folder)
    found: list[Answer] | str
    with redirect_stdout(sys.stderr):
        try:
            datasets = import_module("tinytorch.datasets")
            found = [opened(getattr(datasets, kind), *rest) for kind, *rest in json.loads(asked)]
        except Exception as error:
            found = "".join(format_exception_only(error)).strip()
    print(json.dumps(found))


def opened(kind: Any, parts: Sequence[object], keywords: Mapping[str, object]) -> Answer:
    """Open every part of a data set, and forget it."""
    try:
        for part in parts:
            kind(part, **keywords)
    except (OSError, ValueError) as error:
        return {"missing": isinstance(error, FileNotFoundError), "why": str(error)}
    return None


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)  # whoever started this has seen Ctrl-C too, and says so
