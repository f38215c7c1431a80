"""Tests of `pytest_tinytorch.evidence`."""
