"""Tests of `pytest_tinytorch.course`."""
