"""What the benchmark of splat avatars is made of."""
