"""The studio's page in a real browser: one Chromium, and one studio, for all of these tests."""
