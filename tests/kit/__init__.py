"""Tests of `pytest_tinytorch.kit`."""
