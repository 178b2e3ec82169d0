"""FLAME 2023 Open as a head model."""
