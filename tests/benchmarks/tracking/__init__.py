"""Films of heads whose performance is known, and how a track is measured."""
