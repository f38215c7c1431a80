"""The types of arrays, their shapes and state dicts, as specs and their oracles name them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]
State = Mapping[str, Array]
