"""Brings a report to a terminal, whatever it can show."""

from __future__ import annotations

import sys
from io import StringIO
from shutil import get_terminal_size
from typing import Any

from rich.console import Console, RenderableType

from pytest_tinytorch.course.options import Options
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.terminal import milestones, report
from pytest_tinytorch.terminal.glyphs import JOIN, UNICODE, Glyphs, glyphs_for


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


def terminal_glyphs() -> Glyphs:
    """The characters that standard output can show, whatever pytest has put in its place."""
    return glyphs_for(sys.__stdout__.encoding if sys.__stdout__ else None)


def show_report(progress: Progress, terminalreporter: Any) -> None:
    """Write the report through pytest's own terminal, so that its color and capture rules hold."""
    width = max(20, get_terminal_size().columns)
    glyphs = terminal_glyphs()
    text = rendered(
        report.capability_report(progress, glyphs, width), width, terminalreporter.hasmarkup, glyphs
    )
    terminalreporter.ensure_newline()
    terminalreporter.write_line("")
    for line in text.splitlines():
        terminalreporter.write_line(line)


def show_map(progress: Progress, options: Options, color: str) -> None:
    """Print the map or the timeline to standard output."""
    console = Console(legacy_windows=False, emoji=False, highlight=False)
    glyphs = terminal_glyphs()
    width = console.width
    shown: RenderableType
    if options.timeline:
        shown = milestones.timeline_report(
            progress, glyphs, width, options.timeline == "horizontal"
        )
    else:
        shown = report.capability_map(progress, glyphs, width)
    use_color = color == "yes" or (color == "auto" and console.is_terminal and not console.no_color)
    print(rendered(shown, width, use_color, glyphs))
