"""One portrait everybody may carry: NASA's picture of Eileen Collins, bundled with scikit-image."""

import pytest
import skimage.data

from avatar.capture.observation import Observation, Photo
from avatar.capture.observe import observe
from avatar.capture.photo_from_array import photo_from_array


@pytest.fixture(scope="session")
def portrait() -> Photo:
    return photo_from_array(skimage.data.astronaut(), name="portrait")


@pytest.fixture(scope="session")
def observed(portrait: Photo) -> Observation:
    return observe(portrait)
