"""`nn.BatchNorm1d`: the layer of 09, for rows and sequences instead of images.

Given, not an exercise.
"""

from __future__ import annotations

from typing import Any

from tinytorch.spatial import BatchNorm2d


class BatchNorm1d(BatchNorm2d):
    """`BatchNorm2d` for (N, C) or (N, C, L): each channel is normalized over all other axes."""

    def forward(self, x: Any) -> Any:
        """Normalize ``x`` as an image of width 1.

        Raises:
            ValueError: ``x`` has another number of axes; the message names the shape.
        """
        if x.ndim not in (2, 3):
            raise ValueError(
                f"input must have shape (N, C) or (N, C, L), got {x.shape}: use BatchNorm2d"
            )
        height = x.shape[2] if x.ndim == 3 else 1
        return super().forward(x.reshape(*x.shape[:2], height, 1)).reshape(x.shape)
