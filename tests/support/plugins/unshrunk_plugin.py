"""A profile of Hypothesis for runs that only ask which specs are red: as many examples, none made smaller."""

from hypothesis import Phase, settings

from pytest_tinytorch.run import profiles, trials

profiles.register_profiles()
trials.RUN_SECONDS = 0.0  # nobody asks whom to blame
settings.register_profile(
    "unshrunk", settings.get_profile("learn"), phases=[Phase.explicit, Phase.generate]
)
