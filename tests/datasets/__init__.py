"""Tests of data sets and of `tinytorch.datasets`."""
