"""Tests of `pytest_tinytorch.tito`."""
