"""All ways to cheat, in one table."""

from __future__ import annotations

from tests.grade.cheats import answers, exceptions, files, judging, results

GROUPS = {
    "What is handed in": files.CHEATS,
    "Answers from elsewhere": answers.CHEATS,
    "Results, and the processes that make them": results.CHEATS,
    "Laws, and how they compare": judging.LAWS,
    "Hypothesis": judging.HYPOTHESIS,
    "pytest, and the plugin": judging.RUNNERS,
    "Exceptions and settings": exceptions.CHEATS,
}
CHEATS = tuple(cheat for group in GROUPS.values() for cheat in group)
