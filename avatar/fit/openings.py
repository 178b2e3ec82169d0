"""What a picture shows of how far lids, lips and brows are apart."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.observation import Observation
from avatar.fit.lids import LidOpening, open_eyes
from avatar.fit.residuals.apertures import LIDS, ApertureEvidence, pair_rows
from avatar.fit.residuals.landmarks import LandmarkBasis
from avatar.fit.state import PhotoState


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Which gaps are measured, on whom.

    `groups` are pairs of landmarks with the standard deviation (metres) of what is seen of their
    distance, the lids first. `neutral` are the landmarks of this person's face without expression
    (metres), `lids` how open their eyes are when they are open and shut. `depth_error` is how much
    (metres) nearer to the viewer one side of a gap may lie than on this face: seen from the side,
    that looks like an opening.
    """

    groups: tuple[tuple[tuple[tuple[int, int], ...], float], ...]
    neutral: Float[Tensor, "points 3"]
    lids: LidOpening
    depth_error: float = 0.0


def aperture_evidence(
    seen: Observation, photo: PhotoState, basis: LandmarkBasis, gaps: Gaps
) -> ApertureEvidence:
    """Return the gaps seen in a picture, in pixels, the lids' with the detector's slit taken out.

    `basis` are all landmarks of the face. 0.3 pixels of detection noise are added.
    """
    pixels_per_metre = photo.focal / photo.camera_from_head.translation[2]
    points = seen.landmarks.double()
    pairs = tuple(pair for group, _ in gaps.groups for pair in group)
    first, second = [p for p, _ in pairs], [p for _, p in pairs]
    own = torch.cat([points.new_full((len(group),), deviation) for group, deviation in gaps.groups])
    differences = points[second] - points[first]
    lids = len(LIDS)
    differences[:lids] = gaps.lids.stretched(
        differences[:lids], open_eyes(gaps.neutral, float(pixels_per_metre))
    )
    sure = torch.minimum(seen.confidences[first], seen.confidences[second]).double()
    ahead = photo.camera_from_head.rotation[:, 2]
    sideways = gaps.depth_error * ahead[:2].norm()
    scaled = (own**2 + sideways**2).sqrt() * pixels_per_metre / sure.clamp_min(0.05)
    return ApertureEvidence(
        basis=pair_rows(basis, pairs),
        differences=differences,
        deviations=(scaled**2 + 0.3**2).sqrt(),
    )
