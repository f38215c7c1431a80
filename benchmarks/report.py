"""The page about performance, from measurements.

python -m benchmarks --json one.json
python -m benchmarks --threads 2 --json two.json
python -m benchmarks.growth --json growth.json
python -m benchmarks.headlines --json headlines.json
python -m benchmarks.report one.json two.json growth.json headlines.json > docs/performance.md
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import drawing, table

PAGE = Path(__file__).with_name("performance.md")
"""The text of the page; the numbers replace its comments."""


def page(found: list[dict[str, Any]]) -> str:
    """Markdown of all files."""
    tables = [one for one in found if one["kind"] == "table"]
    growths = [one for one in found if one["kind"] == "growth"]
    headlines = [one for one in found if one["kind"] == "headlines"]
    text = PAGE.read_text(encoding="utf-8")
    for comment, parts in (
        ("<!-- tables -->", map(table_part, tables, range(len(tables)))),
        ("<!-- floors -->", map(floor_part, tables[:1])),
        ("<!-- headlines -->", headline_parts(headlines)),
        ("<!-- growth -->", map(growth_part, growths, range(len(growths)))),
    ):
        text = text.replace(comment, "\n\n".join(parts) or "Not measured.")
    return text


def table_part(one: dict[str, Any], number: int) -> str:
    """Picture and rows of one run of `python -m benchmarks`."""
    threads = one["machine"]["threads"]
    title = "## One thread" if threads == 1 else f"## {threads} threads"
    picture = figure(drawing.ratios(one["rows"], f"performance-{number}"))
    lines = [table.PAGE_HEAD, *map(table.page_line, one["rows"])]
    return "\n\n".join((title, told(one), picture, "\n".join(lines)))


def floor_part(one: dict[str, Any]) -> str:
    """The floors of one run of `python -m benchmarks`, in words."""
    rows = [row for row in one["rows"] if row["floor"]]
    return "\n".join([table.FLOOR_HEAD, *map(table.floor_line, rows)])


def headline_parts(found: list[dict[str, Any]]) -> list[str]:
    """Where all runs of `python -m benchmarks.headlines` took place, and one table of their rows."""
    if not found:
        return []
    places = dict.fromkeys(told(one) for one in found)
    rows = [table.headline_line(row) for one in found for row in one["headlines"]]
    return [*places, "\n".join([table.HEADLINE_HEAD, *rows])]


def growth_part(one: dict[str, Any], number: int) -> str:
    """Picture and rows of one run of `python -m benchmarks.growth`."""
    picture = figure(drawing.growths(one["growths"], f"growth-{number}"))
    lines = [table.GROWTH_HEAD, *map(table.growth_line, one["growths"])]
    return "\n\n".join((told(one), picture, "\n".join(lines)))


def told(one: dict[str, Any]) -> str:
    """Where the numbers come from, as a sentence."""
    return ". ".join(table.told(one["machine"]).strip().splitlines()) + "."


def figure(svg: str) -> str:
    """A drawing as part of a page."""
    return f"<figure>\n{svg}\n</figure>"


def main(arguments: list[str] | None = None) -> int:
    """Print the page."""
    title, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.report",
        description=title,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what --json wrote")
    files = parser.parse_args(arguments).files
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # it is a file, not a StringIO
    print(page([json.loads(file.read_text(encoding="utf-8")) for file in files]), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
