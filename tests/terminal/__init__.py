"""Tests of `pytest_tinytorch.terminal`."""
