"""Fitting a head model to observations."""
