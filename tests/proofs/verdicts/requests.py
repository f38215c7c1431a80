"""What can be asked of a run: as options, as arguments of pytest, and as the model understands it."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from pytest_tinytorch.course.options import Options
from tests.proofs.verdicts import materials
from tests.proofs.verdicts.model import Ask
from tests.proofs.verdicts.world import ON_PATH, SPECS, UNITS, Specs


def units(text: str) -> frozenset[str]:
    return frozenset(text.split())


CHECKPOINTS = {
    "00": units("00"),
    "01": units("01"),
    "02": units("02"),
    "doubling": units("02"),
    "3": units("03"),
    "01-02": units("01 02"),
    "first": units("01 02"),
    "stage:second": units("02"),
    "all": units("00 01 02 03"),
}
MILESTONES = {
    "01": units("m01"),
    "1902": units("m02"),
    "sums": units("m01"),
    "all": units("m01 m02"),
}
BORROWED = {"01": units("01"), "01-02": units("01 02"), "squaring": units("03")}
EVERY_SPEC = frozenset((unit, spec) for unit in UNITS for spec in SPECS[unit])
KEYWORDS = {
    "TestAdd": frozenset({("01", "is_the_sum")}),
    "TestNegate or TestDouble": frozenset(
        {("01", "is_the_opposite"), ("02", "is_twice"), ("02", "of_nothing")}
    ),
    "squares": frozenset({("m02", "squares")}),
    "not TestPython": EVERY_SPEC - {("00", "runs")},
    "nothing_at_all_is_called_so": frozenset(),
}


@dataclass(frozen=True)
class Request:
    """What a person asks of one run. ``files`` and ``nodes`` name what stands on the command line."""

    checkpoint: str | None = None
    milestone: str | None = None
    borrow: str | None = None
    path: str | None = None
    keyword: str | None = None
    files: tuple[str, ...] = ()
    nodes: tuple[tuple[str, str], ...] = ()
    reference: bool = False
    no_gate: bool = False
    todo_ok: bool = False
    stop: bool = False
    last_failed: bool = False

    def ask(self, failed_last: Specs = frozenset()) -> Ask:
        """The same for the model. ``failed_last``: what ``--lf`` would run."""
        chosen = None
        if self.checkpoint is not None or self.milestone is not None:
            chosen = CHECKPOINTS.get(self.checkpoint or "", frozenset())
            chosen |= MILESTONES.get(self.milestone or "", frozenset())
        lent = BORROWED.get(self.borrow or "", frozenset())
        if self.path is not None:
            lent |= frozenset(UNITS) - units(ON_PATH[self.path])
        return Ask(
            chosen=chosen,
            named=self._named(failed_last),
            lent=lent,
            reference=self.reference,
            gate=not self.no_gate,
            todo_ok=self.todo_ok,
            stop=self.stop,
        )

    def _named(self, failed_last: Specs) -> Specs | None:
        found = None
        if self.files or self.nodes:
            found = frozenset(self.nodes) | {s for s in EVERY_SPEC if s[0] in self.files}
        if self.keyword is not None:
            found = KEYWORDS[self.keyword] & (EVERY_SPEC if found is None else found)
        if self.last_failed:
            within = EVERY_SPEC if found is None else found
            found = (failed_last & within) or within
        return found

    def options(self) -> Options:
        """The same as the kit reads it."""
        return Options(
            checkpoint=self.checkpoint,
            milestone=self.milestone,
            borrow=self.borrow,
            learning_path=self.path,
            reference=self.reference,
            gate=not self.no_gate,
            todo_ok=self.todo_ok,
        )

    def arguments(self) -> list[str]:
        """The same as a person types it."""
        named = {"checkpoint": self.checkpoint, "milestone": self.milestone}
        named |= {"borrow": self.borrow, "path": self.path}
        found = [f"--{name}={text}" for name, text in named.items() if text is not None]
        flags = {"--reference": self.reference, "--no-gate": self.no_gate, "-x": self.stop}
        flags |= {"--todo-ok": self.todo_ok, "--lf": self.last_failed}
        found += [name for name, given in flags.items() if given]
        found += [] if self.keyword is None else ["-k", self.keyword]
        found += [materials.SPEC_FILES[unit] for unit in self.files]
        return [*found, *(materials.nodeid(*node) for node in self.nodes)]


def optional(*values: str) -> st.SearchStrategy[str | None]:
    """None half of the time."""
    return st.sampled_from([*[None] * len(values), *values])


def rarely() -> st.SearchStrategy[bool]:
    return st.sampled_from([False, False, False, False, False, True])


LENDING = (
    {"borrow": optional(*BORROWED), "path": st.none()},
    {"borrow": st.none(), "path": optional(*ON_PATH)},
)
SELECTING = {"checkpoint": optional(*CHECKPOINTS), "milestone": optional(*MILESTONES)}


def requests() -> st.SearchStrategy[Request]:
    """Any request whose outcome is laid down."""
    whole = [
        strategy
        for lending in LENDING
        for strategy in (
            st.builds(Request, **SELECTING, **lending, todo_ok=rarely()),
            st.builds(Request, **SELECTING, **lending, no_gate=rarely()),
        )
    ]
    stopping = st.builds(Request, **SELECTING, **LENDING[0], stop=st.just(True))
    reference = st.builds(Request, **SELECTING, reference=st.just(True))
    return st.one_of(st.just(Request()), *whole, stopping, reference, *narrowing())


def narrowing(last_failed: bool = False) -> list[st.SearchStrategy[Request]]:
    """Requests for some specs alone. ``last_failed``: ``--lf`` too, of which only pytest knows what it is."""
    keyword = st.builds(
        Request, **SELECTING, **LENDING[0], keyword=st.sampled_from([*KEYWORDS]), no_gate=rarely()
    )
    files = st.lists(st.sampled_from(UNITS), min_size=1, max_size=3, unique=True).map(tuple)
    nodes = st.lists(st.sampled_from(sorted(EVERY_SPEC)), min_size=1, max_size=4, unique=True).map(
        tuple
    )
    named = [
        st.builds(Request, **LENDING[1], files=files, stop=rarely()),
        st.builds(Request, **LENDING[0], nodes=nodes, stop=rarely()),
    ]
    again = [st.builds(Request, **LENDING[0], last_failed=st.just(True))] if last_failed else []
    return [keyword, *named, *again]
