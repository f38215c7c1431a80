"""The pytest plugin of the tinytorch kit: checkpoints, milestones, and a capability report."""
