"""What the documentation site takes from the curriculum, the reference and the specs. Not in the wheel."""
