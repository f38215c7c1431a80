"""Tests of `pytest_tinytorch.website` and of the pages in `docs/`."""
