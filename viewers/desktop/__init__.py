"""The desktop window: a head drawn by OpenGL, moved by hand, by clips, or live."""
