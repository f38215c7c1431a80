"""Progress at stages of a journey through the course, for tests of what is made from it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from zlib import compress, crc32

from msgspec.structs import replace

from pytest_tinytorch.course.curriculum import Curriculum
from pytest_tinytorch.evidence import gate
from pytest_tinytorch.evidence.ledger import Achievement
from pytest_tinytorch.evidence.outcomes import State, Verdict
from pytest_tinytorch.evidence.progress import GroupCount, Progress, Task
from pytest_tinytorch.export.journey.pictures import SIGNATURE
from tests.support import kit

NUMBERS = {
    "01": {"untrained accuracy": "47.5%", "trained accuracy": "100%"},
    "02": {"one layer": "75.0%", "hidden layer": "100%"},
    "03": {
        "test accuracy": "96.5%",
        "parameters": "2,410",
        "first layer moved by": "66.3%",
        "16 hidden units": "94.0%",
        "16 random ones": "77.5%",
    },
    "04": {
        "test accuracy": "97.0%",
        "parameters": "6,010",
        "filters moved by at least": "58%",
        "MLP on the same digits": "52.5%",
        "with frozen filters": "61.0%",
    },
    "05": {
        "right answers": "98.6%",
        "in other words": "71.4%",
        "parameters": "109,376",
        "nats per character": "0.31, bigram 2.24",
        "words that exist": "96.4%",
        "predictions moved by shuffling": "88.0%",
        "without a mask": "loss 0.02, right answers 0.0%",
    },
    "06": {
        "INT8 weights": "4.0 times smaller",
        "INT8 loses": "0.0%",
        "GPT in INT8 loses": "-0.1%",
        "CNN": "97.0%",
        "90% sparse loses": "1.5%",
        "cached generation": "9.6 times as fast",
        "convolution": "143 times as fast as loops",
        "best in size": "90% sparse, 5.1 times smaller",
        "served": "60, p99 18 ms",
    },
}
"""What each milestone showed."""


def numbers(unit_ids) -> dict[str, dict[str, str]]:
    return {i: NUMBERS[i[-2:]] for i in unit_ids if i.startswith("milestone")}


def proofs(curriculum: Curriculum, unit_ids) -> dict[str, Achievement]:
    """A unit a week, in the order of the course."""
    shown = numbers(unit_ids)
    weeks = {unit.id: n for n, unit in enumerate(curriculum.units)}
    return {
        i: Achievement(
            f"2026-{1 + weeks[i] * 7 // 28:02}-{1 + weeks[i] * 7 % 28:02}T18:30:00+00:00",
            shown.get(i, {}),
        )
        for i in unit_ids
    }


def nothing(curriculum: Curriculum) -> Progress:
    """Somebody who has just arrived: a first run on untouched stubs."""
    first, second = curriculum.checkpoints[:2]
    verdicts = {
        first.id: Verdict(State.PASSED, {State.PASSED: 1}),
        second.id: Verdict(State.TODO, {State.TODO: 9}),
    }
    return Progress(
        curriculum,
        gate.states_of_units(curriculum, verdicts, {}.get, set(), set()),
        verdicts,
        groups={second.id: (GroupCount("create", 0, 4), GroupCount("combine", 0, 5))},
        selected=frozenset(unit.id for unit in curriculum.units),
        newly_passed=(first.id,),
        tasks=tuple(
            Task(second, name, f"tinytorch/{second.name}.py", 40 + 12 * n, 9 - n % 5, State.TODO)
            for n, name in enumerate(second.hints)
        ),
        achievements=proofs(curriculum, [first.id]),
    )


def half(curriculum: Curriculum) -> Progress:
    """Half way, and much is the matter: every state occurs."""
    ids = [f"checkpoint-{n:02}" for n in range(9)]
    once = {*ids, "milestone-01", "milestone-02"}
    verdicts = {
        "checkpoint-03": Verdict(
            State.WRONG,
            {State.PASSED: 21, State.WRONG: 10},
            headline="Linear(x) equals x @ weight.T + bias.",
        ),
        "checkpoint-08": Verdict(
            State.BROKEN,
            {State.BROKEN: 24},
            headline="SyntaxError: '(' was never closed (dataloader.py, line 31)",
        ),
        "checkpoint-10": Verdict(State.TODO, {State.PASSED: 4, State.TODO: 26}),
    }
    known = {i: State.PASSED for i in ids if i not in verdicts}
    layers, dataloader, tokens = (curriculum.unit(i) for i in verdicts)
    return Progress(
        curriculum,
        gate.states_of_units(curriculum, verdicts, known.get, once, {"checkpoint-14"}),
        verdicts,
        groups={
            layers.id: (
                GroupCount("find parameters", 9, 9),
                GroupCount("linear maps", 2, 10),
                GroupCount("drop out", 6, 6),
                GroupCount("save and load", 4, 6),
            ),
            tokens.id: (GroupCount("characters", 4, 8), GroupCount("merge pairs", 0, 22)),
        },
        selected=frozenset(unit.id for unit in curriculum.units),
        newly_passed=("checkpoint-05",),
        tasks=(
            Task(layers, "Linear.forward", "tinytorch/layers.py", 118, 10, State.WRONG),
            Task(dataloader, "", "tinytorch/dataloader.py", 31, 24, State.BROKEN),
            Task(tokens, "BPETokenizer.train", "tinytorch/tokenization.py", 77, 22, State.TODO),
            Task(tokens, "BPETokenizer.encode", "tinytorch/tokenization.py", 101, 4, State.TODO),
        ),
        warnings=(".tinytorch/ledger.jsonl:41: skipped, not a line of JSON",),
        learning_path=next((p for p in curriculum.learning_paths if p.name == "complete"), None),
        achievements=proofs(curriculum, sorted(once)),
    )


def on_the_way(curriculum: Curriculum) -> Progress:
    """Half way, and all is well."""
    done = [f"checkpoint-{n:02}" for n in range(9)] + [f"milestone-0{n}" for n in (1, 2, 3)]
    unit = curriculum.unit("checkpoint-09")
    verdicts = {unit.id: Verdict(State.TODO, {State.PASSED: 14, State.TODO: 21})}
    return Progress(
        curriculum,
        gate.states_of_units(
            curriculum, verdicts, dict.fromkeys(done, State.PASSED).get, set(), set()
        ),
        verdicts,
        groups={
            unit.id: (
                GroupCount("convolve", 9, 9),
                GroupCount("pool", 5, 12),
                GroupCount("normalize", 0, 14),
            )
        },
        selected=frozenset(unit.id for unit in curriculum.units),
        tasks=tuple(
            Task(unit, name, "tinytorch/spatial.py", 140 + 20 * n, 3 + n, State.TODO)
            for n, name in enumerate(list(unit.hints)[:5])
        ),
        achievements=proofs(curriculum, done),
    )


def finished(curriculum: Curriculum) -> Progress:
    """Everything is passed, by a run of everything."""
    every = [unit.id for unit in curriculum.units]
    verdicts = {i: Verdict(State.PASSED, {State.PASSED: 30}) for i in every}
    return Progress(
        curriculum,
        dict.fromkeys(every, State.PASSED),
        verdicts,
        groups={
            i: (GroupCount("one half", 14, 14), GroupCount("the other", 16, 16)) for i in every
        },
        selected=frozenset(every),
        newly_passed=(every[-1],),
        notes=numbers(every),
        achievements=proofs(curriculum, every),
    )


STAGES = {"nothing": nothing, "half": half, "on-the-way": on_the_way, "finished": finished}


def at(stage: str) -> Progress:
    """A stage of the journey through the real course."""
    return STAGES[stage](kit.course())


def png(width, height):
    """A grey picture."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = compress((b"\0" + bytes([180]) * width) * height)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def on_a_path(name: str, borrowed: Iterable[str] = ()) -> Progress:
    """Everything passed on a learning path, but for what is borrowed."""
    course = kit.course()
    path = next(one for one in course.learning_paths if one.name == name)
    lent = {unit.id for unit in course.units} - course.ids_on_path(path) | set(borrowed)
    known = dict.fromkeys((unit.id for unit in course.units), State.PASSED)
    state = gate.states_of_units(course, {}, known.get, set(), lent)
    return replace(at("finished"), state=state, learning_path=path, verdicts={})
