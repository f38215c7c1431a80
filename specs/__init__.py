"""The property-based specs: what each module must do."""
