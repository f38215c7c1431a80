"""Ways to cheat, a row each, and what each comes to; `python -m tests.grade.cheats` makes the page."""
