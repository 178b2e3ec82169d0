"""From pictures to observations: reading, detection, landmarks, irises, mattes."""
