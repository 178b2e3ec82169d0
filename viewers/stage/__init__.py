"""What every stage shares, whatever draws it: framings, light, backdrops, sliders, the face."""
