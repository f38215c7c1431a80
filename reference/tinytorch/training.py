"""07 · Training: the loop, learning rates, clipping, metrics, saving."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tinytorch.autograd import no_grad
from tinytorch.layers import Module
from tinytorch.optimizers import Optimizer
from tinytorch.primitive import Array
from tinytorch.statedicts import incompatible_keys
from tinytorch.tensor import Tensor
from tinytorch.weightfiles import read_safetensors

HEADER = "tinytorch"
"""The name in the file's header that holds the text of a checkpoint: all that is not an array."""


class CosineSchedule:
    """A learning rate that warms up in a straight line and then falls along half a cosine.

    It remembers nothing: the rate depends only on the number of the step, so a run that continues from
    a checkpoint has the rates of one that never stopped. You can use any function from step to rate
    in its place.

    Attributes:
        lr: the highest rate.
        total_steps: after this many steps the rate has fallen to ``min_lr``.
        warmup_steps: how many of them the warm-up takes.
        min_lr: the lowest rate of the decay.
    """

    lr: float
    total_steps: int
    warmup_steps: int
    min_lr: float

    def __init__(
        self, lr: float, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
    ) -> None:
        """Keep the four numbers as attributes, the two rates as floats.

        Raises:
            ValueError: unless 0 <= ``min_lr`` <= ``lr``, 1 <= ``total_steps`` and
                0 <= ``warmup_steps`` <= ``total_steps``. The message names the argument that is wrong.
        """
        if not 0 <= min_lr <= lr:
            raise ValueError(f"0 <= min_lr <= lr must hold, got min_lr = {min_lr} and lr = {lr}")
        if not total_steps >= 1:
            raise ValueError(f"total_steps must be at least 1, got {total_steps}")
        if not 0 <= warmup_steps <= total_steps:
            raise ValueError(
                f"warmup_steps must be between 0 and total_steps = {total_steps}, got {warmup_steps}"
            )
        self.lr = float(lr)
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps
        self.min_lr = float(min_lr)

    def __call__(self, step: int) -> float:
        """The learning rate of a step, a float.

        ::

            lr · (step + 1) / warmup_steps                          while step < warmup_steps
            min_lr + (lr - min_lr) · (1 + cos(π · done)) / 2        then, where done is the fraction
                (step - warmup_steps) / (total_steps - warmup_steps)
            min_lr                                                  from total_steps on

        Args:
            step: how many steps were made before this one: 0 for the first.
        Raises:
            ValueError: ``step`` is negative; the message names it.

        >>> schedule = CosineSchedule(lr=1.0, total_steps=6, warmup_steps=2)
        >>> [round(schedule(step), 2) for step in range(7)]
        [0.5, 1.0, 1.0, 0.85, 0.5, 0.15, 0.0]
        """
        if step < 0:
            raise ValueError(f"step must be at least 0, got {step}")
        if step < self.warmup_steps:
            return self.lr * (step + 1) / self.warmup_steps
        if step >= self.total_steps:
            return self.min_lr
        done = (step - self.warmup_steps) / (self.total_steps - self.warmup_steps)
        return self.min_lr + (self.lr - self.min_lr) * (1 + math.cos(math.pi * done)) / 2


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, error_if_nonfinite: bool = False
) -> float:
    """Scale down all gradients together, in place, if their joint length is above ``max_norm``.

    The length is that of one vector that holds every gradient: √(Σ g²) over all numbers of all
    parameters. Each gradient is multiplied by max_norm / (length + 1e-6) if that is below 1, so the
    direction of the step stays.

    Args:
        parameters: Tensors, or a single one; those whose grad is None do not count.
        max_norm: the greatest allowed length, at least 0.
        error_if_nonfinite: whether a length that is infinite or NaN is an error.
    Returns:
        The length before clipping, a float; 0.0 if there is no gradient.
    Raises:
        ValueError: ``max_norm`` is negative or NaN; the message names it.
        RuntimeError: the length is not finite and ``error_if_nonfinite``; no gradient has changed.

    Sum the squares in float64: float32 gradients of 1e30 must not make the length infinite. If the
    length is NaN, every gradient becomes NaN, so that the problem is visible; if it is infinite, the
    factor is 0, as the formula says.

    >>> weight = Tensor([0.0, 0.0])
    >>> weight.grad = np.array([3.0, 4.0])
    >>> clip_grad_norm_([weight], max_norm=1.0)
    5.0
    >>> weight.grad.round(3)
    array([0.6, 0.8])
    """
    if not max_norm >= 0:
        raise ValueError(f"max_norm must be at least 0, got {max_norm}")
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    grads = [param.grad for param in parameters if param.grad is not None]
    length = math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))
    if error_if_nonfinite and not math.isfinite(length):
        raise RuntimeError(f"the length of the gradients is {length}: it cannot be clipped")
    scale = max_norm / (length + 1e-6)
    if not scale >= 1:  # NaN is not at least 1 either
        for grad in grads:
            grad *= scale
    return length


def accuracy(logits: Tensor | Array, targets: Tensor | Array) -> float:
    """The fraction of predictions that are right, a float between 0 and 1.

    Args:
        logits: scores. (..., C) for C classes: the prediction is the class with the highest score,
            the first of several. Or of the shape of ``targets``, for yes or no: the prediction is 1
            where the score is above 0, else 0.
        targets: the right classes, (...): numbers 0 to C - 1, or 0 and 1.
    Raises:
        ValueError: the shapes fit neither form, C is 1, or there are no targets. A single class would
            always be right: scores (N, 1) for yes or no need targets (N, 1). The message names both
            shapes.

    Both may be Tensors or arrays.

    >>> accuracy(np.array([[2.0, 1.0], [0.5, 3.0]]), np.array([0, 0]))
    0.5
    """
    scores, classes = Tensor(logits).data, Tensor(targets).data
    if scores.shape == classes.shape:
        predicted: Array = scores > 0
    elif scores.shape[:-1] == classes.shape and scores.shape[-1] != 1:
        predicted = scores.argmax(axis=-1)
    else:
        raise ValueError(
            f"logits of shape {scores.shape} do not fit targets of shape {classes.shape}"
        )
    if classes.size == 0:
        raise ValueError(f"targets of shape {classes.shape} hold nothing to be right about")
    return float((predicted == classes).mean())


class Trainer:
    """The training loop: show batches to a model, measure the loss, move the parameters.

    Args:
        model: a Module.
        optimizer: moves the parameters of the model.
        loss: a function of (outputs, targets) that returns the mean loss of a batch as a Tensor.
        schedule: gives the learning rate of each step; see `CosineSchedule`. None leaves it alone.
        clip_norm: the longest gradient allowed; see `clip_grad_norm_`. None does not clip.

    Attributes:
        step: how many steps were taken. To continue from a checkpoint, set it to the saved step.
        history: one dictionary for each epoch of `fit`.

    >>> from tinytorch import Linear, SGD, mse_loss
    >>> model = Linear(1, 1)
    >>> trainer = Trainer(model, SGD(model.parameters(), lr=0.1), mse_loss)
    >>> batches = [(Tensor([[1.0], [2.0]]), Tensor([[3.0], [5.0]]))]
    >>> history = trainer.fit(batches, epochs=50)
    >>> history[-1]["loss"] < history[0]["loss"]
    True
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        loss: Callable[[Tensor, Any], Tensor],
        schedule: Callable[[int], float] | None = None,
        clip_norm: float | None = None,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.schedule = schedule
        self.clip_norm = clip_norm
        self.step = 0
        self.history: list[dict[str, float]] = []

    def train_step(self, inputs: Tensor | Array, targets: Tensor | Array) -> float:
        """Learn from one batch: one step of the optimizer.

        In this order: if there is a schedule, set the learning rate to ``schedule(self.step)``; clear the
        gradients of the model and the optimizer; compute the loss of the batch and call backward; if
        there is a ``clip_norm``, clip the gradients of the optimizer's parameters; let the optimizer
        take its step; add one to ``self.step``. The optimizer may move only part of the model: the rest
        neither counts for clipping nor collects gradients.

        Returns:
            The loss of the batch before the step, a float.
        """
        if self.schedule is not None:
            self.optimizer.lr = self.schedule(self.step)
        self.model.zero_grad()
        self.optimizer.zero_grad()
        loss = self.loss(self.model(inputs), targets)
        loss.backward()
        if self.clip_norm is not None:
            clip_grad_norm_(self.optimizer.parameters(), self.clip_norm)
        self.optimizer.step()
        self.step += 1
        return loss.item()

    def fit(
        self,
        batches: Iterable[tuple[Any, Any]],
        epochs: int,
        validation: Iterable[tuple[Any, Any]] | None = None,
        on_step: Callable[[dict[str, float]], Any] | None = None,
        on_epoch: Callable[[dict[str, float]], Any] | None = None,
    ) -> list[dict[str, float]]:
        """Learn from every batch, ``epochs`` times, with the model in training mode.

        Args:
            batches: yields (inputs, targets) each time it is iterated: a list or a loader, not a generator.
            epochs: how many times to go through them, at least 0.
            validation: batches to `evaluate` on after each epoch.
            on_step: called after each step with {"epoch", "step", "loss"}: the number of the epoch as
                in the history, ``self.step``, and the loss of the batch.
            on_epoch: called after each epoch with its entry of the history, once the entry is complete
                and in the history.
        Returns:
            ``self.history``, to which each epoch adds {"epoch", "loss"}: its number, continuing from
            earlier calls of `fit`, and the mean loss over its examples (a batch counts by its
            length). With ``validation`` also "validation_loss" and "validation_accuracy".
        Raises:
            ValueError: ``epochs`` is negative, or an epoch finds no batch in ``batches``; the message
                names the argument.

        Put the model into training mode before each epoch, whatever `evaluate` or ``on_epoch`` did.
        """
        if epochs < 0:
            raise ValueError(f"epochs must be at least 0, got {epochs}")
        for epoch in range(len(self.history) + 1, len(self.history) + 1 + epochs):
            self.model.train()
            total, examples = 0.0, 0
            for inputs, targets in batches:
                loss = self.train_step(inputs, targets)
                total += loss * len(targets)
                examples += len(targets)
                if on_step is not None:
                    on_step({"epoch": epoch, "step": self.step, "loss": loss})
            if not examples:
                raise ValueError(
                    f"batches is empty in epoch {epoch}: give a list or a loader, not a generator"
                )
            record = {"epoch": epoch, "loss": total / examples}
            if validation is not None:
                measured = self.evaluate(validation)
                record.update({f"validation_{name}": value for name, value in measured.items()})
            self.history.append(record)
            if on_epoch is not None:
                on_epoch(record)
        return self.history

    def evaluate(self, batches: Iterable[tuple[Any, Any]]) -> dict[str, float]:
        """Measure the model on every batch without learning.

        Args:
            batches: yields (inputs, targets).
        Returns:
            {"loss", "accuracy"}: means over all examples, so a batch counts by its length.
        Raises:
            ValueError: there is no batch; the message names ``batches``.

        Meanwhile the model is in evaluation mode and nothing is recorded for `backward`. Afterwards
        every module is back in its earlier mode, even after an error. Gradients, parameters and
        ``self.step`` stay as they are.
        """
        modes = [(module, module.training) for module in self.model.modules()]
        loss, right, examples = 0.0, 0.0, 0
        self.model.eval()
        try:
            with no_grad():
                for inputs, targets in batches:
                    outputs = self.model(inputs)
                    loss += self.loss(outputs, targets).item() * len(targets)
                    right += accuracy(outputs, targets) * len(targets)
                    examples += len(targets)
        finally:
            for module, mode in modes:
                module.training = mode
        if not examples:
            raise ValueError("batches is empty: there is nothing to measure")
        return {"loss": loss / examples, "accuracy": right / examples}


def save_checkpoint(
    path: str | Path,
    model: Module,
    optimizer: Optimizer | None = None,
    step: int = 0,
    metadata: Any = None,
) -> None:
    """Write model, optimizer and step to one safetensors file: arrays and text, no code.

    Args:
        path: the file, usually ``….safetensors``. Its folder must exist.
        model: a Module; its ``state_dict()`` is stored under its own names.
        optimizer: an Optimizer, if you want to continue the run. Each array of its state is stored as
            ``optimizer/<number of the parameter>/<name>``, everything else in the header.
        step: how many steps were taken.
        metadata: anything else worth keeping, if JSON can hold it.
    Raises:
        TypeError: JSON cannot hold ``metadata``, for example a Tensor.
        OSError: the file cannot be written.

    The file appears whole or not at all: write it beside ``path`` under another name, and then move
    it to ``path`` in one step. If anything fails, an earlier checkpoint stays as it was
    and no other file is left.
    """
    arrays = model.state_dict()
    header: dict[str, Any] = {"step": step, "metadata": metadata}
    if optimizer is not None:
        saved = optimizer.state_dict()
        header["param_groups"] = saved["param_groups"]
        header["state"] = {}
        for number, remembered in saved["state"].items():
            header["state"][number] = {}
            for name, value in remembered.items():
                if isinstance(value, np.ndarray):
                    arrays[f"optimizer/{number}/{name}"] = value
                else:
                    header["state"][number][name] = value
    # safetensors copies memory as it lies there: an array that is a transposed view must be laid out.
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(header)
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        save_file(arrays, unfinished, metadata={HEADER: text})
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_checkpoint(
    path: str | Path, model: Module, optimizer: Optimizer | None = None, strict: bool = True
) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote into a model and, if given, its optimizer.

    Args:
        path: the file. One from another tool that holds only a state dict works too.
        model: a Module with the names and shapes that were saved.
        optimizer: an Optimizer like the one that was saved, with the parameters of ``model``.
        strict: whether it is an error if the file or ``model`` lacks a name. If not, load what fits.
            Shapes must fit either way.
    Returns:
        {"step", "metadata"} as they were saved; 0 and None if the file does not say. If not strict, also
        "missing_keys" and "unexpected_keys", as `incompatible_keys` gives them.
    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, its names or shapes are not those of ``model``, or it lacks
            what ``optimizer`` needs. The message names the file, and a parameter that differs with
            its shapes; neither ``model`` nor ``optimizer`` has changed.
    """
    arrays, header = read_checkpoint(path)
    weights = {name: array for name, array in arrays.items() if not name.startswith("optimizer/")}
    before = {} if optimizer is None else optimizer.state_dict()
    if optimizer is not None:
        if "param_groups" not in header:
            raise ValueError(f"{path} holds no state of an optimizer")
        try:  # changes nothing if it fails
            state = {int(number): {**rest} for number, rest in header.get("state", {}).items()}
            for name in sorted(arrays.keys() - weights.keys()):
                _, number, key = name.split("/")
                state.setdefault(int(number), {})[key] = arrays[name]
            optimizer.load_state_dict({"state": state, "param_groups": header["param_groups"]})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} does not fit the optimizer: {error}") from error
    try:  # so does this, but then the optimizer has to go back
        model.load_state_dict(weights, strict)
    except (KeyError, TypeError, ValueError) as error:
        if optimizer is not None:
            optimizer.load_state_dict(before)
        raise ValueError(f"{path} does not fit the model: {error}") from error
    found = {"step": header.get("step", 0), "metadata": header.get("metadata")}
    return found if strict else found | incompatible_keys(model, weights)._asdict()


def read_checkpoint(path: str | Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read a whole safetensors file, before you do anything with it.

    Returns:
        (arrays, header): a dictionary of ndarrays, and what `save_checkpoint` put into the header; an
        empty dictionary if another tool wrote the file.
    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged: cut short, or not safetensors at all.

    Both messages name the file. `read_safetensors` gives arrays and texts, and checks everything except the
    content of the texts.
    """
    arrays, texts = read_safetensors(path)
    try:
        header = json.loads(texts.get(HEADER, "{}"))
    except (RecursionError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(header, dict):
        raise ValueError(f"{path} is damaged: its header holds no dictionary")
    return arrays, header
