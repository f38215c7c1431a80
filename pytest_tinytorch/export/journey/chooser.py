"""The learning paths: where each leads, how long it takes, what it contains and what it borrows."""

from __future__ import annotations

from pytest_tinytorch.course.curriculum import NamedCheckpoints, Unit
from pytest_tinytorch.export.journey import charts, phrases
from pytest_tinytorch.export.journey.markup import Markup, element, join
from pytest_tinytorch.export.journey.views import View


def path_list(view: View) -> Markup:
    """Every path, in the curriculum's order."""
    return element(
        "ul", *(_path(view, path) for path in view.curriculum.learning_paths), class_="paths"
    )


def modules_of(view: View, path: NamedCheckpoints) -> list[Unit]:
    """The modules that a learner writes on a path."""
    return [u for u in view.curriculum.checkpoints if u.number in path.numbers and u.source]


def _path(view: View, path: NamedCheckpoints) -> Markup:
    """A path, and how far the learner is on it."""
    modules, follows = modules_of(view, path), view.follows(path)
    on_it = view.curriculum.ids_on_path(path)
    milestones = [unit for unit in view.curriculum.milestones if unit.id in on_it]
    facts = [
        ("Modules", f"{phrases.range_text(modules)} ({len(modules)})"),
        ("Borrows", phrases.range_text(view.curriculum.borrowed_by(path)) or "nothing"),
        ("Milestones", phrases.range_text(milestones) or "none"),
    ]
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    weeks = f"{phrases.dashed(path.weeks)} week{'s' * (path.weeks != '1')}"
    return element(
        "li",
        element(
            "p",
            element("strong", path.name),
            element("span", weeks, class_="weeks") if path.weeks else None,
            element("span", "you follow it", class_="here") if follows else None,
            charts.count(view, modules),
            class_="bar-head",
        ),
        charts.meter(view.passed(modules) / len(modules)) if view.progress and modules else None,
        element("p", path.summary, class_="lead") if path.summary else None,
        element("dl", *rows, class_="facts"),
        element("p", _command(path, follows), class_="command"),
        class_="path follows" if follows else "path",
    )


def _command(path: NamedCheckpoints, follows: bool) -> Markup:
    """The command that chooses a path, or leaves the followed one."""
    if follows:
        return join("Leave it: ", phrases.command("tito path leave"))
    return join("Choose it: ", phrases.command(f"tito path choose {path.name}"))
