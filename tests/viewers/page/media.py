"""What the browser's camera and microphone are fed with, and files that are dropped."""

import wave
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def portrait() -> Path:
    """Return a photo that an installed dependency brings along."""
    skimage_data = pytest.importorskip("skimage.data")
    return Path(skimage_data.__file__).parent / "astronaut.png"


def camera_picture() -> Image.Image:
    """Return the portrait as a camera sees it."""
    return Image.open(portrait()).convert("RGB").crop((40, 0, 440, 300)).resize((640, 480))


def jpeg(picture: Image.Image) -> bytes:
    """Return a picture's file."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def camera_film(folder: Path) -> Path:
    """Write what the camera shows: one picture, again and again."""
    film = folder / "camera.mjpeg"
    film.write_bytes(jpeg(camera_picture()) * 30)
    return film


def voice_file(path: Path, seconds: float) -> Path:
    """Write something like vowels with pauses between them."""
    rate = 16000
    time = np.arange(int(rate * seconds)) / rate
    tone = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 12)) / 4
    tone *= (time % 0.8) < 0.6
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        file.writeframes((tone * 20000).astype("<i2").tobytes())
    return path


def panorama_file(path: Path) -> Path:
    """Write a Radiance panorama that is bright in its middle and dim elsewhere."""
    rows = np.full((16, 32, 4), (64, 64, 64, 125), np.uint8)
    rows[5:9, 13:19] = (255, 255, 255, 133)
    path.write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 16 +X 32\n" + rows.tobytes())
    return path
