"""Tests of `pytest_tinytorch.lsp`."""
