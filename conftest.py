"""Where a course adds fixtures and hooks of its own; see docs for the hooks of the plugin."""
