"""Tests of `pytest_tinytorch.export`."""
