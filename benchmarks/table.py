"""What was measured, in words and as rows of Markdown."""

from __future__ import annotations

from typing import Any

HEAD = "| row | ours / other | 95% | floor | pairs | ours | other | memory | ours | other |"
RULE = "|---|---|---|---|---|---|---|---|---|---|"


def told(machine: dict[str, Any]) -> str:
    """One line on where the numbers come from."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    threads = "1 thread" if machine["threads"] == 1 else f"{machine['threads']} threads"
    variables = "".join(f", {name}={value}" for name, value in machine["variables"].items())
    clock = ", CPU times" if machine.get("clock") == "CPU" else ""
    busy = ", busy with other programs" if machine.get("load", 0) > machine["cores"] else ""
    where = f"{machine['processor']}, {machine['cores']} cores{busy}, {threads}{clock}{variables}"
    return f"{where}\n{versions}\n"


def line(row: dict[str, Any]) -> str:
    """A row as Markdown."""
    sizes = [row["bytes"][side] for side in ("ours", "theirs")]
    share = f"{sizes[0] / sizes[1]:.2f}" if all(sizes) else ""
    cells = [
        row["name"],
        f"**{row['median']:.2f}**",
        f"{row['low']:.2f} to {row['high']:.2f}",
        floor_text(row),
        row["pairs"],
        time_text(row["ours"]),
        time_text(row["theirs"]),
        share,
        *(size_text(size) for size in sizes),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def floor_text(row: dict[str, Any]) -> str:
    """The ratio that NumPy's calls alone have, where it was measured."""
    return f"{row['floor']['median']:.2f}" if row["floor"] else ""


def time_text(seconds: float) -> str:
    """
    >>> time_text(0.01234), time_text(0.0000021), time_text(2.5), time_text(0.9999)
    ('12.3 ms', '2.1 µs', '2.5 s', '1 s')
    """
    units = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}
    rounded = {name: float(f"{seconds / size:.3g}") for name, size in units.items()}
    unit = next((name for name, value in rounded.items() if value >= 1), "µs")
    return f"{rounded[unit]:g} {unit}"


def size_text(size: int | None) -> str:
    """
    >>> size_text(None), size_text(52_428_800)
    ('', '50.0 MB')
    """
    return "" if size is None else f"{size / 2**20:.1f} MB"


GROWTH_HEAD = """| what | size | from | to | smallest | largest | exponent | theory | |
|---|---|---|---|---|---|---|---|---|"""


def growth_line(one: dict[str, Any]) -> str:
    """A kind of growth as a row of Markdown."""
    cells = [
        one["title"],
        one["size"],
        f"{one['sizes'][0]:,}",
        f"{one['sizes'][-1]:,}",
        time_text(one["seconds"][0]),
        time_text(one["seconds"][-1]),
        f"**{one['exponent']:.2f}**",
        f"{one['theory']:g}, {one['because']}",
        "too much" if one["above"] else "",
    ]
    return f"| {' | '.join(cells)} |"


PAGE_HEAD = """| row | what | compared with | ratio | 95% | floor | ours | other | memory, ours | other |
|---|---|---|---|---|---|---|---|---|---|"""


def page_line(row: dict[str, Any]) -> str:
    """A row of the page, which says in words what is done."""
    cells = [
        row["name"],
        row["title"],
        row["beside"],
        f"**{row['median']:.2f}**",
        unbroken(f"{row['low']:.2f} to {row['high']:.2f}"),
        floor_text(row),
        unbroken(time_text(row["ours"])),
        unbroken(time_text(row["theirs"])),
        *(unbroken(size_text(row["bytes"][side])) for side in ("ours", "theirs")),
    ]
    return f"| {' | '.join(cells)} |"


FLOOR_HEAD = """| row | ratio | floor | what the floor is | what NumPy lacks |
|---|---|---|---|---|"""


def floor_line(row: dict[str, Any]) -> str:
    """A row of the table of floors."""
    least = row["floor"]
    cells = [row["name"], f"{row['median']:.2f}", f"**{least['median']:.2f}**", least["calls"]]
    return f"| {' | '.join([*cells, least['missing']])} |"


HEADLINE_HEAD = """\
| row | recipe | wanted | ours | PyTorch | CPU, ours | PyTorch | ratio | wall, ours | PyTorch |
|---|---|---|---|---|---|---|---|---|---|"""


def headline_line(one: dict[str, Any]) -> str:
    """A recipe as a row of Markdown: accuracies, then times from beginning to end."""
    ours, theirs = one["ours"], one["theirs"]
    cells = [
        one["name"],
        one["title"],
        f"{one['wanted']:.0%}",
        *(f"{side['accuracy']:.1%}" for side in (ours, theirs)),
        *(unbroken(whole_seconds(side["cpu"])) for side in (ours, theirs)),
        f"**{ours['cpu'] / theirs['cpu']:.2f}**",
        *(unbroken(whole_seconds(side["wall"])) for side in (ours, theirs)),
    ]
    return f"| {' | '.join(cells)} |"


def whole_seconds(seconds: float) -> str:
    """Of what takes long.

    >>> whole_seconds(1080.4), whole_seconds(0.4)
    ('1,080 s', '0.4 s')
    """
    return f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def unbroken(words: str) -> str:
    """Words that stay on one line."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")
