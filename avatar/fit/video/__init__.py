"""A face over time: calibrated to the person, then fitted frame by frame."""
