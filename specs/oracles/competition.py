"""What 20 is measured against: fingerprints written out, and models that take a known time."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from specs.arrays import State


def digest(state: State) -> str:
    """SHA-256 of a state dict: name, dtype, shape and bytes of each entry, by name."""
    text = b""
    for name in sorted(state):
        value = state[name]
        text += f"{name} {value.dtype.str} {value.shape}\n".encode() + value.tobytes(order="C")
    return hashlib.sha256(text).hexdigest()


def seal(document: Mapping[str, Any]) -> str:
    told = {name: document[name] for name in sorted(document) if name != "seal"}
    return hashlib.sha256(
        json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
    ).hexdigest()


def nearest_rank(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least so many in a hundred do not exceed."""
    return next(
        s for s in sorted(samples) if sum(o <= s for o in samples) * 100 >= percent * len(samples)
    )
