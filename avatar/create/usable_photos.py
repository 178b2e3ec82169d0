"""Of several photos, those that show the face well enough; one bad photo does not stop the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar.capture.observation import Observation, Photo
from avatar.capture.observe import ObserveOptions, observe
from avatar.capture.read_photo import read_photo
from avatar.core.errors import FaceNotFoundError


@dataclass(frozen=True, kw_only=True)
class PhotoLeftOut:
    """A photo that could not be used, by its file's name, and why not."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class UsablePhotos:
    """What was seen in the photos that can be used, at least one, and which others there were."""

    observations: tuple[Observation, ...]
    left_out: tuple[PhotoLeftOut, ...]

    def warnings(self) -> tuple[str, ...]:
        """Return a warning for every photo left out."""
        return tuple(
            f"{photo.name} is left out, the other photos are used: {photo.reason}"
            for photo in self.left_out
        )


def observe_usable(
    images: Sequence[str | Path | Photo],
    face: int = 1,
    before: Callable[[int], None] | None = None,
) -> UsablePhotos:
    """Observe every photo, leaving out those without a face that can be used.

    `face` is as in `ObserveOptions`; `before` is called with each photo's index before it is read.
    A photo is used or left out for its face alone: a file that cannot be read is an error.

    Raises:
        FaceNotFoundError: no photo can be used; a single photo says itself why.
        ImageError: a photo cannot be read.
    """
    observations: list[Observation] = []
    left_out: list[PhotoLeftOut] = []
    for index, image in enumerate(images):
        if before:
            before(index)
        photo = image if isinstance(image, Photo) else read_photo(image)
        try:
            observations.append(observe(photo, ObserveOptions(face=face)))
        except FaceNotFoundError as error:
            if len(images) == 1:
                raise
            reason = str(error).removeprefix(f"{photo.name}: ")
            left_out.append(PhotoLeftOut(name=photo.name, reason=reason))
    if not observations:
        reasons = "; ".join(f"{photo.name}: {photo.reason}" for photo in left_out)
        raise FaceNotFoundError(f"none of the {len(images)} photos can be used: {reasons}")
    return UsablePhotos(observations=tuple(observations), left_out=tuple(left_out))
