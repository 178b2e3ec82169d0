"""Files: packaged data, caches, atomic writes, the `.avatar` bundle."""
