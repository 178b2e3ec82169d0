"""Texture maps in UV space."""
