"""Named wrong implementations: the mistakes people make. Each must turn its checkpoint red."""
