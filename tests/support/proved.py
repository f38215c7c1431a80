"""What somebody may claim at a stage of the journey, for tests of what is made from it."""

from __future__ import annotations

import struct
from zlib import crc32

from pytest_tinytorch.evidence.claims import Claim, claim_of
from pytest_tinytorch.evidence.ledger import Event
from pytest_tinytorch.evidence.outcomes import State
from pytest_tinytorch.evidence.progress import Progress
from pytest_tinytorch.export.journey.pictures import Picture
from tests.support import journeys

DIGEST, SPECS = "2d81e88f4a12e2d2", "91bc00ffd2aa1e77"
SOURCE = f"student:{DIGEST}"
VERSIONS = {"python": "3.11.7", "numpy": "2.4.6"}


def claims(progress: Progress) -> dict[str, Claim]:
    """The claims of all that is passed."""
    return {
        unit.id: claim_of(progress, unit, event(progress, unit.id))
        for unit in progress.curriculum.units
        if progress.state[unit.id] == State.PASSED
    }


def event(progress: Progress, unit_id: str) -> Event:
    """The line of the ledger that says so."""
    proof = progress.achievements[unit_id]
    found = {State.PASSED: 30}
    return Event(unit_id, State.PASSED, SOURCE, SPECS, found, True, proof.at, VERSIONS, proof.notes)


def picture(name: str, source: str = SOURCE, size: tuple[int, int] = (60, 40)) -> Picture:
    """A grey picture that says which code has drawn it."""
    plain, text = journeys.png(*size), b"tEXtSource\0" + source.encode()
    part = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", crc32(text))
    data = plain[:33] + part + plain[33:]  # after the signature and the header
    return Picture(name, data, len(data))
