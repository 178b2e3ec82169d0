"""What importers of foreign head models share."""
