"""Tests of the measurements: what needs no PyTorch, and no clock."""
