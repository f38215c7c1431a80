"""The kit's own tests, for maintainers."""
