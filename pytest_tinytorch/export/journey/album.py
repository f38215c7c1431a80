"""The pictures of the course that the journey page and the documentation share, each drawn in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_tinytorch.export.journey import (
    charts,
    chooser,
    cycle,
    datasets,
    depth,
    flow,
    levels,
    needs,
)
from pytest_tinytorch.export.journey.markup import Markup
from pytest_tinytorch.export.journey.views import View

ALBUM: Mapping[str, Callable[[View], Markup]] = {
    "way": flow.flow_pictures,
    "levels": levels.level_list,
    "paths": chooser.path_list,
    "depth": depth.depth_pictures,
    "workflow": cycle.cycle,
    "datasets": datasets.dataset_pictures,
    "climb": charts.climb_pictures,
    "needs": needs.needs_pictures,
}
"""Name of each picture to what draws it: with states for a learner, without them for the documentation."""
