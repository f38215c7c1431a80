"""`python -m pytest_tinytorch.tito`, where the command itself is not on the path."""

from pytest_tinytorch.tito.main import main

main(prog_name="tito")
