"""The names of the commands that an editor can have carried out; most take a document and an exercise."""

from __future__ import annotations

LAWS = "tinytorch.laws"
"""Shows the laws of an exercise."""
RUN = "tinytorch.run"
"""Runs the specs of the exercise's module, and tells what they come to."""
STOP = "tinytorch.stop"
"""Stops the run of the document's workspace; without a document, all runs."""
HINT = "tinytorch.hint"
"""Shows a hint: the one whose number comes third, or else one more each time."""
LESSON = "tinytorch.lesson"
"""Opens the lesson at the section of the exercise."""
LAW = "tinytorch.law"
"""Says how to run one law alone under the debugger; its node id comes third."""
DEBUG = "tinytorch.debug"
"""The same for an editor with a debugger of its own: what to run, and where to stop."""
