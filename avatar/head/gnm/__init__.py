"""GNM Head as a head model."""
