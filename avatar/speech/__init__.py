"""Voices: audio in, phones with their times, mouth shapes with co-articulation, clips out."""
