"""The recipes: pictures to an avatar."""
