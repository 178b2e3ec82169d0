"""Head models: arrays that say what heads look like and how they move."""
