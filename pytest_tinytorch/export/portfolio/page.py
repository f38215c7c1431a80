"""The portfolio: one page to publish, in which each claim says how to check it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Unit, UnitId
from pytest_tinytorch.evidence.claims import Claim, borrowing
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.cards.card import origin, proved_pictures
from pytest_tinytorch.export.journey import masthead, numbers, page, phrases, ruler, states
from pytest_tinytorch.export.journey.markup import Markup, element, items, join
from pytest_tinytorch.export.journey.pictures import Picture
from pytest_tinytorch.export.journey.sections import Section, section_element
from pytest_tinytorch.export.journey.timeline import figure
from pytest_tinytorch.export.portfolio.functions import Function
from pytest_tinytorch.lessons.browser import colors, highlighted
from pytest_tinytorch.terminal.layout import capitalized
from pytest_tinytorch.terminal.plaintext import harmless_text

STYLE = Path(__file__).with_name("portfolio.css")
GENERATOR = "tito report --portfolio"
"""A mark in the page, so that only a portfolio is ever overwritten."""


@dataclass(frozen=True)
class Portfolio:
    """What is published.

    Attributes:
        progress: where the learner stands.
        claims: unit id to what proved it; nothing else is claimed. The checkpoint of the environment has
            nothing to write, so it is not a claim.
        pictures: those of the workspace. A page shows what the proved code drew.
        functions: what the learner chose to show.
        name: theirs, if they gave it.
    """

    progress: Progress
    claims: Mapping[UnitId, Claim]
    pictures: Sequence[Picture] = ()
    functions: Sequence[Function] = ()
    name: str = ""

    @property
    def milestones(self) -> list[Claim]:
        """The claimed milestones, by year."""
        found = [claim for claim in self.claims.values() if claim.unit.is_milestone]
        return sorted(found, key=lambda claim: (claim.unit.year, claim.unit.number))

    @property
    def checkpoints(self) -> list[Claim]:
        """The claimed checkpoints."""
        return [claim for claim in self.claims.values() if not claim.unit.is_milestone]

    @property
    def borrowed(self) -> tuple[Unit, ...]:
        """The modules that a claim depends on and that are not the learner's."""
        ids = {unit.id for claim in self.claims.values() for unit in claim.borrowed}
        return tuple(u for u in self.progress.curriculum.checkpoints if u.id in ids)

    @property
    def lent(self) -> tuple[Unit, ...]:
        """The milestones that are passed with borrowed modules only, which nobody can claim."""
        progress = self.progress
        return tuple(u for u in progress.milestones if _is_lent(progress, self.claims, u))

    @property
    def claimed(self) -> Progress:
        """The claimed part of the progress, without what is lent or stale."""
        state = {**self.progress.state, **{unit.id: State.BORROWED for unit in self.lent}}
        once = {i: a for i, a in self.progress.achievements.items() if i in self.claims}
        return replace(self.progress, state=state, achievements=once)

    @property
    def stale(self) -> tuple[Unit, ...]:
        """What was once proved, but is not for the current source."""
        once = self.progress.achievements
        units = [u for u in self.progress.curriculum.units if u not in self.lent]
        return tuple(u for u in units if u.id in once and u.id not in self.claims and _is_work(u))


def of_work(claims: Mapping[UnitId, Claim]) -> dict[UnitId, Claim]:
    """The claims of units for which the learner writes something."""
    return {unit: claim for unit, claim in claims.items() if _is_work(claim.unit)}


def _is_lent(progress: Progress, claims: Mapping[UnitId, Claim], unit: Unit) -> bool:
    return progress.state[unit.id] == State.PASSED and unit.id not in claims


def _is_work(unit: Unit) -> bool:
    return unit.is_milestone or unit.source is not None


def portfolio_page(portfolio: Portfolio) -> str:
    """The page, with nothing that a browser would have to fetch, and no script."""
    own = STYLE.read_text(encoding="utf-8")
    style = Markup("\n").join([page.read("journey.css"), Markup(own), Markup(colors())])
    parts = list(sections(portfolio))
    body = element(
        "body",
        states.symbols(),
        element("a", "Skip to the content", href="#content", class_="skip"),
        element("header", *masthead.names(portfolio.progress, parts)),
        element("main", hero(portfolio), *map(section_element, parts), id="content", tabindex=-1),
        element("footer", element("p", "This page is a single file that loads nothing.")),
    )
    mark = element("meta", name="generator", content=GENERATOR)
    return page.whole(page.head(title(portfolio), style, "", mark), body)


def title(portfolio: Portfolio) -> str:
    """The name of the page."""
    course = portfolio.progress.curriculum.title
    return f"{portfolio.name} · {course}" if portfolio.name else f"A portfolio · {course}"


def hero(portfolio: Portfolio) -> Markup:
    """Whose portfolio it is, how far it goes, and where in history that is."""
    progress, claimed = portfolio.progress, portfolio.claimed
    where = ruler.position(claimed)
    drawn = [ruler.ruler_pictures(claimed, where, s) for s in ruler.SHAPES] if where else []
    modules = [unit for unit in progress.checkpoints if unit.source]
    counts = [
        f"{sum(unit.id in portfolio.claims for unit in units)} of {len(units)} {name}"
        for units, name in ((progress.milestones, "milestones"), (modules, "modules"))
        if units
    ]
    followed = progress.learning_path
    path = f" of the path {followed.name}" if followed else ""
    return element(
        "div",
        element("p", "Portfolio", class_="kicker"),
        element("h1", portfolio.name or "A framework of my own", dir="auto"),
        element("p", f"{' and '.join(counts)}{path} are proved.", class_="verdict"),
        element("p", f"{capitalized(whose(portfolio))}.", class_="verdict"),
        *drawn,
        class_="hero",
    )


def whose(portfolio: Portfolio) -> str:
    """Who wrote the modules that all of it depends on."""
    own = [claim.unit for claim in portfolio.checkpoints]
    return origin(own, portfolio.borrowed)


def sections(portfolio: Portfolio) -> Iterable[Section]:
    """The sections of the page, without empty ones."""
    if portfolio.milestones:
        line = (
            "Moments of history, relived with this code. A bar is the number that it reached; the"
            " stroke across it is the threshold."
        )
        yield Section("years", "Milestones", "Milestones", line, _milestones(portfolio))
    line = "Each sentence is proved: all of its specs passed for the current source."
    yield Section("capabilities", "I can", "What I can do", line, _capabilities(portfolio))
    if portfolio.functions:
        line = "Some of the functions behind it, from the proved files."
        code = join(*map(_function, portfolio.functions))
        yield Section("code", "Code", "How it is written", line, code)
    line = "What the claims above leave out."
    yield Section("limits", "Not claimed", "What is not claimed", line, _limits(portfolio))
    line = "Take nothing here on trust. A digest is a fingerprint: the same code has the same one everywhere."
    yield Section("check", "Check it", "How to check it", line, _checks(portfolio))


def _milestones(portfolio: Portfolio) -> Markup:
    claims = portfolio.milestones
    years = [claim.unit.year for claim in claims]
    gaps = [0, *(later - earlier for earlier, later in pairwise(years))]
    entry = partial(_milestone, portfolio)
    return element("ol", *map(entry, claims, gaps), class_="years")


def _milestone(portfolio: Portfolio, claim: Claim, gap: int) -> Markup:
    unit = claim.unit
    found = [numbers.measure(unit, str(name), value) for name, value in claim.numbers.items()]
    pictures = proved_pictures(claim, portfolio.pictures)
    badge = element("span", states.icon("torch", "torch"), f"Badge: {unit.badge}", class_="badge")
    proved = element("span", "proved on ", phrases.date(claim.event.at))
    heading = element("span", str(unit.year), class_="year"), " ", element("span", unit.title)
    return element(
        "li",
        element("p", f"{gap} year{'s' * (gap != 1)} later", class_="gap") if gap else None,
        element("h3", *heading),
        element("p", states.state_badge(State.PASSED), proved, badge, class_="standing"),
        element("p", unit.capability),
        numbers.table_of(unit, found),
        element("div", *map(figure, pictures), class_="pictures") if pictures else None,
        element("p", f"{capitalized(origin(claim.own, claim.borrowed))}.", class_="aside origin"),
        class_="entry passed",
    )


def _capabilities(portfolio: Portfolio) -> Markup:
    sentences = [
        element(
            "li",
            element("p", claim.unit.capability),
            element(
                "p", join(claim.unit.label, ", ", phrases.date(claim.event.at)), class_="aside"
            ),
        )
        for claim in portfolio.checkpoints
    ]
    return element("ul", *sentences, class_="sentences")


def _function(function: Function) -> Markup:
    """The source of a function, highlighted, and where it is."""
    code = harmless_text(function.code, limit=len(function.code))
    cut = " The course's docstring is left out." if function.cut else ""
    place = join(
        element("code", f"{function.file}:{function.line}"),
        f", proved by {function.unit.label}.{cut} SHA-256 of the file: ",
        element("code", function.digest, class_="digest"),
    )
    return element(
        "div",
        element("h3", element("code", function.label)),
        element("pre", element("code", Markup(highlighted(code, "python", ""))), tabindex=0),
        element("p", place, class_="aside"),
        class_="function",
    )


def _limits(portfolio: Portfolio) -> Markup:
    """What is borrowed, what is stale, and what is still to do."""
    progress, parts = portfolio.progress, []
    if portfolio.borrowed:
        named = ", ".join(unit.label for unit in portfolio.borrowed)
        text = f"Borrowed from the course's worked solution, and not my work: {named}."
        parts.append(join(states.state_badge(State.BORROWED), element("p", text)))
    if portfolio.lent:
        text = f"Passed with borrowed modules only: {phrases.range_text(portfolio.lent)}."
        parts.append(join(states.state_badge(State.BORROWED), element("p", text)))
    if unused := [unit for unit in progress.borrowed if unit not in portfolio.borrowed]:
        text = f"Borrowed as well, for what is not proved: {phrases.range_text(unused)}."
        parts.append(join(states.state_badge(State.BORROWED), element("p", text)))
    if portfolio.stale:
        named = ", ".join(unit.label for unit in portfolio.stale)
        text = f"Proved for an earlier version of the code: {named}."
        parts.append(join(states.state_badge(State.STALE), element("p", text)))
    units = (*progress.checkpoints, *progress.milestones)
    told = (*portfolio.stale, *portfolio.lent, *progress.borrowed)
    done = {*portfolio.claims, *(unit.id for unit in told)}
    left = [unit for unit in units if unit.id not in done and _is_work(unit)]
    if left:
        text = f"Not proved yet: {phrases.range_text(left)}."
        parts.append(join(states.state_badge(State.NOT_RUN), element("p", text)))
    if progress.left_out:
        text = f"Not on the path that I follow: {phrases.range_text(progress.left_out)}."
        parts.append(join(states.state_badge(State.LOCKED), element("p", text)))
    if not parts:
        parts.append(element("p", "Nothing: every checkpoint and every milestone is proved."))
    return items(parts, class_="limits")


def _checks(portfolio: Portfolio) -> Markup:
    """Commands that prove all of it again, and each claim with its digests."""
    versions = next((c.event.versions for c in reversed([*portfolio.claims.values()])), {})
    steps = [
        join(
            "Make a workspace with the kit, ",
            phrases.command("tito init check"),
            ", and put my folder ",
            element("code", "tinytorch/"),
            " in place of its own.",
        ),
        join("Run ", phrases.command(everything(portfolio)), " in it. It proves all claims again."),
        join(
            "Run ",
            phrases.command("tito report --digests"),
            ". If a digest matches the one below, the code or the specs are the same.",
        ),
    ]
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    return join(
        element("ol", *(element("li", step) for step in steps), class_="steps"),
        element("p", f"The last claim was proved with {told}.", class_="aside") if told else None,
        element("ul", *map(_check, portfolio.claims.values()), class_="claims"),
    )


def everything(portfolio: Portfolio) -> str:
    """The command that proves all claims again."""
    return f"pytest -p tinytorch{borrowing(portfolio.borrowed)}"


def _check(claim: Claim) -> Markup:
    """One claim: what proves it again, and what it was proved for."""
    event = claim.event
    facts = (
        ("Proved", join(phrases.date(event.at), f", {claim.specs} specs")),
        ("Again", phrases.command(claim.command)),
        ("Source", element("code", claim.source, class_="digest")),
        ("Specs", element("code", event.specs, class_="digest")),
    )
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    return element("li", element("h3", claim.unit.label), element("dl", *rows, class_="facts"))
