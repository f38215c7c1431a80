"""The kinds of sandboxes, and which of them a person can ask for."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """How submissions are kept apart from the machine and from each other."""

    BUBBLEWRAP = "bubblewrap"
    DOCKER = "docker"
    PODMAN = "podman"
    CONTAINER = "container"
    NONE = "none"


ASKED = tuple(str(kind) for kind in Kind if kind != Kind.CONTAINER)
"""What a person can ask for. A container around the grader is recognized, see `surroundings`."""
