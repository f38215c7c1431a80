"""The plan of a run: made once by the controller, and handed to the workers as text."""

from __future__ import annotations

from msgspec import Struct

from pytest_tinytorch.course.curriculum import UnitId


class Plan(Struct, frozen=True):
    """What one run is to do.

    Attributes:
        selected: ids of the units that the verdict of the run is about.
        to_run: ids of the units to run: what was selected and what that needs and is not proved.
        borrowed: ids taken as given.
        proved: ids that the ledger proves for the present source.
        untouched: ids of those that run with an untouched stub in their file: they cannot pass.
        gated: whether what is not open is held back. Naming specs one by one opens everything.
    """

    selected: frozenset[UnitId]
    to_run: frozenset[UnitId]
    borrowed: frozenset[UnitId] = frozenset()
    proved: frozenset[UnitId] = frozenset()
    untouched: frozenset[UnitId] = frozenset()
    gated: bool = True

    def to_text(self) -> str:
        """The plan as text, for a worker."""
        from msgspec import json  # only runs with workers need it

        return json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str) -> Plan:
        """The plan that `to_text` wrote."""
        from msgspec import json

        return json.decode(text, type=cls)
