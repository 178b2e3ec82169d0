"""Level 4: Gaussian splats on a head's mesh, trained from a tracked video."""
