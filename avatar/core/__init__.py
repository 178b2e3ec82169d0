"""Finished data every layer shares: transforms, cameras, meshes, rigs, clips, avatars, errors."""
