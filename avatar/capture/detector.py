"""The two face detectors: boxes and six keypoints from square crops of a picture.

Source: the single-shot scheme of BlazeFace (Bazarevsky et al. 2019): each anchor predicts a box and
keypoints relative to its own centre, in units of the network's input.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.crop import Crop, Pyramid
from avatar.capture.tflite.network import Network

_BATCH = 16


@dataclass(frozen=True, kw_only=True)
class DetectorSpec:
    """What a detector's file does not say: anchor cells (cells per side, anchors per cell)."""

    cells: tuple[tuple[int, int], ...]
    threshold: float


SHORT_RANGE = DetectorSpec(cells=((16, 2), (8, 6)), threshold=0.5)
FULL_RANGE = DetectorSpec(cells=((48, 1),), threshold=0.5)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A place that looks like a face, in picture pixels; not yet verified by the mesh network.

    `keypoints` are the subject's right eye, left eye, nose tip, mouth, right ear, left ear.
    """

    center: Float[Tensor, "2"]
    side: float
    keypoints: Float[Tensor, "6 2"]
    score: float

    @property
    def angle(self) -> float:
        """Roll of the face in the picture, radians from +x towards +y.

        From the line through the eyes and the one from there to the mouth, each by its length: of a
        face seen from the side, the eyes alone say nothing.
        """
        right_eye, left_eye, _, mouth = self.keypoints[:4].unbind(0)
        down = mouth - (right_eye + left_eye) / 2
        along = left_eye - right_eye + torch.stack([down[1], -down[0]])
        return float(torch.atan2(along[1], along[0]))

    @property
    def eye_distance(self) -> float:
        """Distance between the eyes as a fraction of the side, measured across the face."""
        across = self.keypoints.new_tensor([math.cos(self.angle), math.sin(self.angle)])
        return float((self.keypoints[1] - self.keypoints[0]) @ across) / self.side

    def overlap(self, other: "Candidate") -> float:
        """Intersection over union of the two boxes, both taken as level squares."""
        apart = (self.center - other.center).abs()
        reach = (self.side + other.side) / 2
        smaller = min(self.side, other.side)
        width, height = (reach - apart).clamp(0, smaller).tolist()
        shared = width * height
        return shared / (self.side**2 + other.side**2 - shared)


def detect_candidates(
    pyramid: Pyramid, network: Network, spec: DetectorSpec, crops: list[Crop]
) -> list[Candidate]:
    """Run a detector on crops of a picture and return what it finds, best first per crop."""
    found: list[Candidate] = []
    for start in range(0, len(crops), _BATCH):
        chunk = crops[start : start + _BATCH]
        resolution = network.graph.shapes[network.graph.inputs[0]][1]
        # A letterbox of black, which is what the detectors were trained with.
        pictures = torch.stack([pyramid.sample(crop, resolution, "zero") for crop in chunk])
        raw, logits = network(pictures * 2 - 1)
        anchors = _anchors(spec, raw)
        for crop, values, scores in zip(chunk, raw, logits[..., 0].sigmoid(), strict=True):
            found += _decoded(crop, resolution, values, scores, anchors, spec.threshold)
    return found


def _anchors(spec: DetectorSpec, like: Tensor) -> Float[Tensor, "anchors 2"]:
    layers: list[Tensor] = []
    for cells, repeats in spec.cells:
        steps = (torch.arange(cells, device=like.device, dtype=like.dtype) + 0.5) / cells
        rows, columns = torch.meshgrid(steps, steps, indexing="ij")
        layers.append(torch.stack([columns, rows], -1).reshape(-1, 2).repeat_interleave(repeats, 0))
    return torch.cat(layers)


def _decoded(
    crop: Crop,
    resolution: int,
    values: Float[Tensor, "anchors 16"],
    scores: Float[Tensor, " anchors"],
    anchors: Float[Tensor, "anchors 2"],
    threshold: float,
) -> list[Candidate]:
    order = scores.argsort(descending=True)
    order = order[scores[order] > threshold]
    pairs = values[order].reshape(-1, 8, 2) / resolution
    pairs[:, 0] += anchors[order]
    pairs[:, 2:] += anchors[order, None]
    found: list[Candidate] = []
    while len(pairs):
        # The answers of all anchors that see the same face are averaged by score.
        near = _overlaps(pairs[0], pairs) > 0.3
        weights = scores[order][near]
        mean = (pairs[near] * (weights / weights.sum())[:, None, None]).sum(0)
        places = crop.in_picture(mean * resolution - 0.5, resolution)
        found.append(
            Candidate(
                center=places[0],
                side=float(mean[1].max()) * crop.side,
                keypoints=places[2:],
                score=float(weights[0]),
            )
        )
        pairs, order = pairs[~near], order[~near]
    return found


def _overlaps(
    first: Float[Tensor, "8 2"], pairs: Float[Tensor, "boxes 8 2"]
) -> Float[Tensor, " boxes"]:
    low = torch.maximum(first[0] - first[1] / 2, pairs[:, 0] - pairs[:, 1] / 2)
    high = torch.minimum(first[0] + first[1] / 2, pairs[:, 0] + pairs[:, 1] / 2)
    shared = (high - low).clamp_min(0).prod(-1)
    overlap = shared / (first[1].prod() + pairs[:, 1].prod(-1) - shared).clamp_min(1e-12)
    overlap[0] = 1.0
    return overlap
