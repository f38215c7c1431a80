"""`tito docs`: the lesson about a module, a milestone or an exercise, in the terminal or in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pytest_tinytorch import settings
from pytest_tinytorch.course.commands import lesson_command
from pytest_tinytorch.course.curriculum import Curriculum, Unit
from pytest_tinytorch.course.selection import UnknownName
from pytest_tinytorch.evidence.implementation import kit_home
from pytest_tinytorch.lessons import find, guides, page, source
from pytest_tinytorch.lessons.find import NoLesson, Topic
from pytest_tinytorch.lessons.markup import anchor
from pytest_tinytorch.terminal import output
from pytest_tinytorch.tito.session import Screen, Session, complete, open_screen, open_session

PAGES = ".tinytorch/lessons"
"""Where pages for the browser are put: made again each time, and never committed."""
LONG = 100
"""Columns. Longer lines are hard to read."""


@click.command()
@click.argument("words", metavar="[LESSON]", nargs=-1, shell_complete=complete("checkpoint"))
@click.option("--browser", is_flag=True, help="open the lesson in the browser")
@click.option("--path", "only_path", is_flag=True, help="print the path of its file")
def docs(words: tuple[str, ...], browser: bool, only_path: bool) -> None:
    """Read the lesson of a module, a milestone or an exercise.

    LESSON is a number or a name, `milestone` with its number or year, or an exercise, for which you
    see its section. Without LESSON you see the list; `tito docs editors` is the page about editors.
    Everything is on your disk; that page needs no workspace. In a terminal the lesson is drawn. In a file, or
    for another program, it stays Markdown, unless you set COLUMNS.

    Examples: tito docs 05, tito docs 1998, tito docs softmax, tito docs 05 backward --browser
    """
    if (guide := guides.guide_file(words)) is not None:
        show_guide(guide, browser, only_path)
        return
    session = open_session()
    root, curriculum = session.workspace.root, session.workspace.curriculum
    try:
        topic = find.find_topic(curriculum, words) if words else None
        if only_path:
            click.echo(find.lesson_file(root, topic.unit) if topic else folder_of_lessons(root))
        elif browser:
            open_page(session, topic)
        else:
            show(session, text_of(session, topic), root)
    except (NoLesson, UnknownName) as error:
        raise click.UsageError(str(error)) from None


def show_guide(file: Path, browser: bool, only_path: bool) -> None:
    """Show a page of the documentation that is no lesson, inside of a workspace or elsewhere."""
    screen = open_screen()
    if only_path:
        click.echo(file)
    elif browser:
        from pytest_tinytorch.lessons.browser import html_page

        html = html_page(guides.guide_text(file), file.stem.capitalize(), file.parent)
        with writing_told():
            shown = folder_for_pages() / f"{file.stem}.html"
            shown.write_text(html, encoding="utf-8", newline="\n")
        start_browser(screen, shown, shown.as_uri())
    else:
        show(screen, guides.guide_text(file), settings.root_above(Path.cwd()))


def folder_for_pages() -> Path:
    """A folder for a page that a browser is to show: in the workspace, or else a temporary one."""
    root = settings.root_above(Path.cwd())
    if root is None:
        from tempfile import mkdtemp

        return Path(mkdtemp(prefix="tinytorch-"))
    folder = root / PAGES
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def folder_of_lessons(root: Path) -> Path:
    """Where all lessons are: in the workspace, or else their texts in the installed kit."""
    own = root / page.FOLDER
    return own if own.is_dir() else kit_home() / source.TEXTS


def text_of(session: Session, topic: Topic | None) -> str:
    """A lesson, the section of an exercise, or the list of lessons."""
    from pytest_tinytorch.lessons import reading

    root, curriculum = session.workspace.root, session.workspace.curriculum
    if topic is None:
        return page.index(curriculum)
    text = find.lesson_text(root, curriculum, topic.unit)
    if not topic.exercise:
        title, _, rest = text.partition("\n\n")
        return "\n\n".join([title, *same_name(topic.unit), rest])
    try:
        found = reading.section(text, topic.exercise)
    except LookupError:
        raise NoLesson(
            f"the lesson of {topic.unit.label} says nothing of {topic.exercise!r}:"
            f" tito docs {topic.unit.number}"
        ) from None
    told = reading.passages(text, topic.exercise)
    parts = [found, f"## In the lesson\n\n{told}\n" if told else ""]
    return "\n".join([*parts, f"The whole lesson: `tito docs {topic.unit.number}`\n"])


def same_name(unit: Unit) -> list[str]:
    """Where to read about the exercise that has the name of its module; nothing without one."""
    if unit.name not in unit.hints:
        return []
    return [f"(The exercise `{unit.name}`: `{lesson_command(unit, unit.name)}`)"]


def show(screen: Screen, text: str, root: Path | None) -> None:
    """Draw Markdown in the terminal, a page at a time where it is long; elsewhere it stays Markdown.

    The workspace in ``root`` keeps what was drawn, if there is one.
    """
    if not (output.is_terminal() or output.told_columns()):
        from pytest_tinytorch.lessons import reading

        click.echo(screen.glyphs.fit(reading.readable(text)), nl=False)
        return
    from shutil import get_terminal_size

    from pytest_tinytorch.tito.drawings import drawn

    found = drawn(text, min(screen.width, LONG), screen.color, screen.glyphs, root)
    if output.is_terminal() and found.count("\n") >= get_terminal_size().lines - 2:
        click.echo_via_pager(found + "\n")
    else:
        click.echo(found, color=screen.color)


def open_page(session: Session, topic: Topic | None) -> None:
    """Write lessons as pages of HTML, and open one in the browser."""
    folder = session.workspace.root / PAGES
    with writing_told():
        file = write_pages(session, folder, topic)
    address = file.as_uri() + (f"#{anchor(topic.exercise)}" if topic and topic.exercise else "")
    start_browser(session, file, address)


@contextmanager
def writing_told() -> Iterator[None]:
    """Say which page cannot be written, and what can be done without it."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            f"{error.filename} cannot be written: {error.strerror}. Read the lesson here, without --browser"
        ) from error


def start_browser(screen: Screen, file: Path, address: str) -> None:
    """Open a file in the browser, at an address in it."""
    import webbrowser  # only this starts one

    if not webbrowser.open(address):
        raise click.ClickException(
            f"no browser could be started: open {file} yourself, or read it here without --browser"
        )
    screen.say(f"Opened {file}")


def write_pages(session: Session, folder: Path, topic: Topic | None) -> Path:
    """Write the page that is asked for, and those that its links lead to; gives its file."""
    from pytest_tinytorch.lessons.browser import html_page

    root, curriculum = session.workspace.root, session.workspace.curriculum
    pictures = root / page.FOLDER / "pictures"
    pictures = pictures if pictures.is_dir() else kit_home() / source.PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    for name, title, text in texts(root, curriculum):
        html = html_page(text, title, pictures)
        (folder / f"{name}.html").write_text(html, encoding="utf-8", newline="\n")
    wanted = page.file_name(topic.unit) if topic else page.INDEX
    file = folder / Path(wanted).with_suffix(".html")
    if not file.is_file() and topic:
        find.lesson_text(root, curriculum, topic.unit)  # says why it is not there
    return file


def texts(root: Path, curriculum: Curriculum) -> list[tuple[str, str, str]]:
    """(file name without suffix, title, Markdown) of every lesson that there is, and of the list."""
    found = [(Path(page.INDEX).stem, "Lessons", page.index(curriculum))]
    for unit in curriculum.units:
        try:
            text = find.lesson_text(root, curriculum, unit)
        except NoLesson:
            continue
        found.append((Path(page.file_name(unit)).stem, unit.label, text))
    return found
