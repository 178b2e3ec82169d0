"""What the default head has besides skin: eyes, teeth and gums, tongue and lashes."""
