"""Clips as files and films, and changes to clips that keep what they say."""
