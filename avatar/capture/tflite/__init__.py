"""A small executor of TensorFlow Lite networks in plain torch operations."""
