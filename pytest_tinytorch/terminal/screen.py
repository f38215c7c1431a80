"""Brings a report to a terminal, whatever it can show."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console, RenderableType

from pytest_tinytorch.course.commands import Commands
from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal import output, report
from pytest_tinytorch.terminal.glyphs import JOIN, UNICODE, Glyphs


def rendered(renderable: RenderableType, width: int, color: bool, glyphs: Glyphs = UNICODE) -> str:
    """A renderable as text in the characters of ``glyphs``, with escape sequences only if ``color``."""
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        emoji=False,
        highlight=False,
    )
    with console.capture() as capture:
        console.print(renderable)
    text = glyphs.fit(capture.get().replace(JOIN, " "))
    return "\n".join(line.rstrip() for line in text.splitlines())


def show_report(progress: Progress, terminalreporter: Any, commands: Commands) -> None:
    """Write the report through pytest's own terminal, so that its color and capture rules hold."""
    from shutil import get_terminal_size

    width = max(20, get_terminal_size().columns)
    glyphs = output.terminal_glyphs()
    shown = report.capability_report(progress, glyphs, width, commands)
    text = rendered(shown, width, terminalreporter.hasmarkup, glyphs)
    terminalreporter.ensure_newline()
    terminalreporter.write_line("")
    for line in text.splitlines():
        terminalreporter.write_line(line)


def show_map(progress: Progress, options: Options, color: str) -> None:
    """Print the map or the timeline to standard output."""
    glyphs, width = output.terminal_glyphs(), output.columns()
    shown: RenderableType
    if options.timeline:
        from pytest_tinytorch.terminal import milestones

        shown = milestones.timeline_report(
            progress, glyphs, width, options.timeline == "horizontal"
        )
    else:
        shown = report.capability_map(progress, glyphs, width)
    use_color = color == "yes" or (color == "auto" and output.shows_colors())
    print(rendered(shown, width, use_color, glyphs))
