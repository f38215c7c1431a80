"""`nn.BatchNorm1d`: the layer of 09, for rows and sequences in place of images.

Given, not an exercise.
"""

from __future__ import annotations

from typing import Any

from tinytorch.spatial import BatchNorm2d


class BatchNorm1d(BatchNorm2d):
    """`BatchNorm2d` for (N, C) or (N, C, L), each channel normalized over all else."""

    def forward(self, x: Any) -> Any:
        """Give it a height, and a width of one.

        Raises:
            ValueError: there are other axes than these; the message names the shape.
        """
        if x.ndim not in (2, 3):
            raise ValueError(
                f"input must have shape (N, C) or (N, C, L), got {x.shape}: use BatchNorm2d"
            )
        height = x.shape[2] if x.ndim == 3 else 1
        return super().forward(x.reshape(*x.shape[:2], height, 1)).reshape(x.shape)
