"""The floor of a step of the MLP: the same step in plain NumPy, into arrays that are there already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks import models
from benchmarks.row import Work

Array = np.ndarray
Update = Callable[[Sequence[tuple[Array, Array]]], object]


def step_with(update: Callable[[], Update]) -> Callable[[], Work]:
    """Sets the step up: forward, loss, gradients of all parameters, and ``update()`` of these."""

    def made():
        images, labels = models.rows_of_pixels(models.BATCH)
        weight_1, bias_1, weight_2, bias_2 = (p.data for p in models.our_mlp().parameters())
        gradients = [np.empty_like(p) for p in (weight_1, bias_1, weight_2, bias_2)]
        hidden = np.empty((len(images), len(weight_1)), np.float32)  # (N, H)
        back, positive = np.empty_like(hidden), np.empty(hidden.shape, bool)
        scores = np.empty((len(images), len(weight_2)), np.float32)  # (N, C)
        column, places = np.empty((len(images), 1), np.float32), np.arange(len(images))
        pairs = list(zip((weight_1, bias_1, weight_2, bias_2), gradients, strict=True))
        change = update()

        def run():
            np.matmul(images, weight_1.T, out=hidden)
            np.add(hidden, bias_1, out=hidden)
            np.maximum(hidden, 0, out=hidden)
            np.matmul(hidden, weight_2.T, out=scores)
            np.add(scores, bias_2, out=scores)
            np.maximum.reduce(scores, axis=1, keepdims=True, out=column)
            np.subtract(scores, column, out=scores)
            right = scores[places, labels]
            np.exp(scores, out=scores)
            np.add.reduce(scores, axis=1, keepdims=True, out=column)
            loss = (np.log(column[:, 0]) - right).mean()
            np.divide(scores, column * len(images), out=scores)
            scores[places, labels] -= np.float32(1 / len(images))
            np.matmul(scores.T, hidden, out=gradients[2])
            np.add.reduce(scores, axis=0, out=gradients[3])
            np.matmul(scores, weight_2, out=back)
            np.greater(hidden, 0, out=positive)
            np.multiply(back, positive, out=back)
            np.matmul(back.T, images, out=gradients[0])
            np.add.reduce(back, axis=0, out=gradients[1])
            change(pairs)
            return loss

        return run

    return made


def sgd() -> Update:
    """As in the row mlp-sgd."""

    def change(pairs):
        for parameter, gradient in pairs:
            np.multiply(gradient, 0.1, out=gradient)
            np.subtract(parameter, gradient, out=parameter)

    return change


def adam() -> Update:
    """As in the row mlp-adam."""
    state: dict[int, tuple[Array, ...]] = {}
    steps = [0]

    def change(pairs):
        steps[0] += 1
        size, root = 1e-3 / (1 - 0.9 ** steps[0]), (1 - 0.999 ** steps[0]) ** 0.5
        for parameter, gradient in pairs:
            if id(parameter) not in state:
                zeros = np.zeros_like(parameter)
                state[id(parameter)] = zeros, zeros.copy(), zeros.copy()
            mean, square, work = state[id(parameter)]
            np.multiply(mean, 0.9, out=mean)
            np.multiply(gradient, 0.1, out=work)
            np.add(mean, work, out=mean)
            np.multiply(square, 0.999, out=square)
            np.multiply(gradient, gradient, out=gradient)
            np.multiply(gradient, 0.001, out=gradient)
            np.add(square, gradient, out=square)
            np.sqrt(square, out=work)
            np.divide(work, root, out=work)
            np.add(work, 1e-8, out=work)
            np.divide(mean, work, out=work)
            np.multiply(work, size, out=work)
            np.subtract(parameter, work, out=parameter)

    return change
