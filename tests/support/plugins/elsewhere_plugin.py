"""Lets a run take this machine for one that is no Linux."""

from pytest_tinytorch.run import linux

linux.is_here = lambda: False
