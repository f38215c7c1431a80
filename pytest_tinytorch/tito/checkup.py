"""`tito doctor`: shows what an examination of the set-up has found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich.console import Group
from rich.text import Text

from pytest_tinytorch.terminal.layout import fold, indented
from pytest_tinytorch.tito.session import open_session, print_json

if TYPE_CHECKING:
    from pytest_tinytorch.tito.doctor import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="print JSON, for programs")
def doctor(as_json: bool) -> None:
    """Check your setup, and say how to fix what is wrong.

    Exit code 1 if you have to fix something.
    """
    # What it looks at takes a while to import, and `tito --help` needs none of it.
    from pytest_tinytorch.tito import doctor as examination
    from pytest_tinytorch.tito import surroundings

    session = open_session()
    findings = [*examination.examine_kit(session), *surroundings.examine_environment(session)]
    if as_json:
        print_json([finding.table() for finding in findings])
    else:
        lines = []
        for finding in findings:
            mark = session.glyphs.wrong if finding.needed else "!"
            mark = session.glyphs.passed if finding.ok else mark
            style = "green" if finding.ok else "red" if finding.needed else "yellow"
            head = Text(f" {mark} {finding.what}:", style)
            lines.append(fold(head, Text(f" {finding.found}"), session.width))
            if not finding.ok:
                lines.append(indented(Text(finding.remedy, "bold"), 5, session.width))
        session.show(Group(*lines, Text(), *conclusion(findings, session.width)))
    raise SystemExit(1 if any(f.needed and not f.ok for f in findings) else 0)


def conclusion(findings: Sequence[Finding], width: int) -> list[Text]:
    """What is to fix, in a line below all that was looked at; what can wait, in another."""
    needed = [finding.what for finding in findings if finding.needed and not finding.ok]
    others = [finding.what for finding in findings if not finding.needed and not finding.ok]
    told = Text(f"To fix: {', '.join(needed)}.", "bold red") if needed else Text("Nothing to fix.")
    lines = [indented(told, 1, width)]
    if others:
        lines.append(indented(Text(f"Worth a look: {', '.join(others)}.", "yellow"), 1, width))
    return lines
