"""The verdict against an independent model: random edits, runs and accidents on the toy course."""
