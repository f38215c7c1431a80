"""What a function may not leave behind on a model, and what a model meets while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from specs.laws import assert_equal, expect


def peculiar(model: Any, own_forward: bool = True) -> Any:
    """The model with a last part in another mode than the rest, and a ``forward`` that somebody put on it.

    What is put back too roughly, as by ``model.train()`` or ``del part.forward``, differs on such a one.
    """
    *_, part = model.modules()
    part.training = not part.training
    if own_forward:
        before = part.forward
        part.forward = lambda *args, **kwargs: before(*args, **kwargs)
    return model


@contextmanager
def left_alone(model: Any) -> Iterator[None]:
    """Demand that a model is afterwards as it was: numbers, modes, and what is on its parts."""
    parts = [(name, part, part.training, on(part)) for name, part in model.named_modules()]
    state = {name: value.copy() for name, value in model.state_dict().items()}
    yield
    for name, part, training, had in parts:
        where = f"part {name!r}" if name else "the model"
        same = bool(part.training) == bool(training)
        expect(same, f"{where} in {mode(training)} mode as before", f"{mode(part.training)} mode")
        has = on(part)
        changed = sorted(key for key in {*had, *has} if has.get(key) is not had.get(key))
        expect(not changed, f"{where} as it was", f"another {', '.join(changed)}")
    for name, value in model.state_dict().items():
        assert_equal(value, state[name])


def on(part: Any) -> dict[str, Any]:
    """What somebody put on a part, its mode left out: that may be its own or its class's."""
    return {key: value for key, value in vars(part).items() if key != "training"}


def mode(training: object) -> str:
    """What a mode is called."""
    return "training" if training else "evaluation"


@dataclass(frozen=True)
class Pass:
    """A call of a model: in which mode it was, and whether its result has a gradient."""

    training: bool
    recorded: bool


def watch(model: Any) -> list[Pass]:
    """A list that gets a `Pass` for each call of a model from now on."""
    seen: list[Pass] = []
    forward = model.forward

    def watching(*args: Any, **kwargs: Any) -> Any:
        out = forward(*args, **kwargs)
        seen.append(Pass(bool(model.training), bool(out.requires_grad)))
        return out

    model.forward = watching
    return seen


def assert_not_recorded(seen: list[Pass]) -> None:
    """The model ran, and nothing was recorded for gradients."""
    expect(seen, "a model that runs", "one that nobody called")
    recorded = any(one.recorded for one in seen)
    expect(not recorded, "nothing recorded for gradients", "a result that has a gradient")
