"""Tests of `pytest_tinytorch.run`."""
