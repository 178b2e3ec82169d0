"""Avatars and clips to the formats of engines: one verb a file, `export_glb` and `export_obj`."""
