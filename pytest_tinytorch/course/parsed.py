"""The kit's own curriculum as JSON: Python reads that fifty times as fast as TOML.

Maintainers write it with ``python -m pytest_tinytorch.course.parsed`` and check it with ``--check``.
`curriculum.toml` stays the table that people write. The JSON names the digest of its text, and counts for
no other: where somebody forgets the command, all is slower, and nothing is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("curriculum.toml")
PARSED = Path(__file__).with_name("curriculum.json")


def table_of(text: str) -> Mapping[str, Any]:
    """The values in the text of a curriculum.

    Raises:
        ValueError: it is not TOML.
    """
    return table_in(PARSED, text) or parsed(text)


def table_in(file: Path, text: str) -> Mapping[str, Any]:
    """The values that ``file`` has for this text; nothing if it is of another, or cannot be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return dict(found["table"]) if found["of"] == digest(text) else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def parsed(text: str) -> Mapping[str, Any]:
    """The values in a text of TOML; ValueError if it is none."""
    import tomllib  # takes a while, as does what it reads

    return tomllib.loads(text)


def digest(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()


def json_text(text: str) -> str:
    """What belongs into the file of JSON for the text of a curriculum."""
    table = {"of": digest(text), "table": parsed(text)}
    return json.dumps(table, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    new = json_text(TABLE.read_text(encoding="utf-8"))
    if sys.argv[1:] == ["--check"]:
        sys.exit(PARSED.read_text(encoding="utf-8") != new)
    PARSED.write_text(new, encoding="utf-8", newline="\n")
    print(f"wrote {PARSED}")
