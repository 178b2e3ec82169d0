"""Kernels: each op has a native version and a torch reference twin."""
