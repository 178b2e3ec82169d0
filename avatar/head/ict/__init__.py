"""ICT-FaceKit (MIT) as a head model."""
