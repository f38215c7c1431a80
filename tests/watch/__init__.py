"""Tests of `pytest_tinytorch.watch`."""
