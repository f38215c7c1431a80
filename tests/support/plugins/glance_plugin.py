"""A profile of Hypothesis for runs that only ask whether an exercise is there: one example a spec."""

from hypothesis import settings

from pytest_tinytorch.run import profiles, trials

profiles.register_profiles()
trials.RUN_SECONDS = 0.0  # nobody asks whom to blame
settings.register_profile("glance", settings.get_profile("learn"), max_examples=1)
