"""2018: make your models smaller and faster. Start it with `python milestones/06_2018_mlperf/run.py`."""

from pytest_tinytorch.api import run_milestone

if __name__ == "__main__":
    run_milestone(__file__)
