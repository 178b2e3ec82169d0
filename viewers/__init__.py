"""Viewers of heads; they use `avatar`, which never uses them."""
