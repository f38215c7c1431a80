"""1957: watch one neuron learn. Start it with `python milestones/01_1957_perceptron/run.py`."""

from pytest_tinytorch.api import run_milestone

if __name__ == "__main__":
    run_milestone(__file__)
