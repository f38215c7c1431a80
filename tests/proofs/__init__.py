"""The proofs, end to end: what specs, mistakes and milestones are worth."""
