"""Rendering a head: visibility, shading, stills."""
