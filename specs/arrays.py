"""The type of an array of numbers, as specs and their oracles name it."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
