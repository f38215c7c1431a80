"""The scenes: what the script of a milestone shows, each by the milestone's name."""
