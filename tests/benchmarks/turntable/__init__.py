"""A relit head as it should look: path-traced from the same maps."""
