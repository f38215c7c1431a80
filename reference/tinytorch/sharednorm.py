"""BatchNorm of a batch that is divided among threads: mean and variance are those of the whole batch.

Given, not an exercise. `nn.DataParallel` puts it in the place of your BatchNorm2d while it trains.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tinytorch.meeting import Meeting
from tinytorch.precision import in_single, single, sum_along
from tinytorch.primitive import Array, Saving, defvjp, primitive
from tinytorch.spatial import BatchNorm2d, batch_norm, per_channel

IMAGES = (0, 2, 3)
"""The axes of images (N, C, H, W) that a channel is normalized over."""


class SharedBatchNorm(BatchNorm2d):
    """A BatchNorm2d of one thread, which knows what the others have.

    Attributes:
        original: what it is a copy of.
        meeting: where the threads add up.
        place: the number of this one. The first also updates the running statistics.
    """

    original: BatchNorm2d
    meeting: Meeting
    place: int

    def forward(self, x: Any) -> Any:
        """Normalize by the whole batch, of which ``x`` is a part."""
        wrong = x.ndim != 4 or x.shape[1] != len(self.weight) or x.dtype.kind != "f"
        if wrong or not self.training:
            return super().forward(x)
        values = single(x.data)  # squares overflow in float16
        own = sum_along(values, IMAGES).astype(np.float64)
        sums = self.add_up(np.append(own, values[:, 0].size))  # (C + 1,)
        count = sums[-1]
        if count < 2:
            return super().forward(x)
        mean = (sums[:-1] / count).astype(values.dtype)  # (C,)
        squares = values - per_channel(mean, values)  # (N, C, H, W)
        squares *= squares
        var = (self.add_up(sum_along(squares, IMAGES)) / count).astype(values.dtype)  # (C,)
        if self.place == 0:
            self.update(mean, var * (count / (count - 1)))
        return shared_batch_norm(
            x, self.weight, self.bias, mean=mean, var=var, layer=self, count=count
        )

    def add_up(self, own: Array) -> Array:
        """The sum over all threads."""
        return self.meeting.add_up(self.place, id(self.original), own)

    def update(self, mean: Array, var: Array) -> None:
        """Move the running statistics, which all copies share, toward those of this batch."""
        for running, new in ((self.running_mean.data, mean), (self.running_var.data, var)):
            running *= 1 - self.momentum
            running += self.momentum * new
        self.num_batches_tracked.data += 1


@primitive
@in_single
def shared_batch_norm(
    x: Array,
    weight: Array,
    bias: Array,
    *,
    mean: Array,
    var: Array,
    layer: SharedBatchNorm,
    count: float,
) -> Saving:
    """`batch_norm` of a part of the batch, by mean and variance of the whole.

    It saves a place for the gradients of all three arguments, which need the same sums.
    """
    out = batch_norm(x, weight, bias, mean=mean, var=var, eps=layer.eps, of_batch=True)
    return Saving(out, ({},))


def shares(
    position: int,
    g: Array,
    ans: Array,
    x: Array,
    weight: Array,
    bias: Array,
    *,
    saved: tuple[dict[str, Any]],
    **params: Any,
) -> Array:
    """The gradient of one argument; those of all are computed when the first is asked for."""
    (kept,) = saved
    if kept.get("g") is not g:
        kept["g"], kept["shares"] = g, gradients(g, x, weight, **params)
    return kept["shares"][position]


def gradients(
    g: Array,
    x: Array,
    weight: Array,
    *,
    mean: Array,
    var: Array,
    layer: SharedBatchNorm,
    count: float,
) -> tuple[Array, Array, Array]:
    """The gradients of images, weight and bias, as `batch_norm_x` of 09 explains the first."""
    dtype, g, x = x.dtype, single(g), single(x)
    inverse = 1 / np.sqrt(var + layer.eps)  # (C,)
    centered = x - per_channel(mean, x)  # (N, C, H, W)
    total = g * centered
    own = np.stack([sum_along(total, IMAGES), sum_along(g, IMAGES)])  # (2, C)
    along, level = (layer.add_up(own) / count).astype(g.dtype)  # of the whole batch, (C,)
    centered *= per_channel(along * inverse * inverse, x)
    np.subtract(g, centered, out=total)
    total -= per_channel(level, g)
    total *= per_channel(weight * inverse, g)
    return total.astype(dtype, copy=False), own[0] * inverse, own[1]


defvjp(shared_batch_norm, every=shares)


def share(layer: Any, original: Any, meeting: Meeting, place: int) -> None:
    """Make a copy of a BatchNorm2d, or of a subclass, one that meets the others."""
    if isinstance(layer, BatchNorm2d):
        kind: Any = type(layer)
        layer.__class__ = shared(kind)
        vars(layer).update(original=original, meeting=meeting, place=place)


@cache
def shared(kind: type) -> type:
    """A subclass that does its part at a meeting, where ``kind`` does what BatchNorm2d does."""
    if kind is BatchNorm2d:
        return SharedBatchNorm
    return type(kind.__name__, (kind, SharedBatchNorm), {"__module__": kind.__module__})
