"""Independent oracles, one file a module: NumPy, mathematics, or deliberately naive loops."""
