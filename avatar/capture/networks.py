"""The four face networks, loaded once per process and device."""

from dataclasses import dataclass
from functools import cache

import torch

from avatar.capture.tflite.network import Network, load_network
from avatar.files.assets import third_party


@dataclass(frozen=True, kw_only=True)
class FaceNetworks:
    """Detectors for near and far faces, the 478-point mesh, and the person segmentation."""

    short_range: Network
    full_range: Network
    mesh: Network
    segmentation: Network


@cache
def face_networks(device: torch.device) -> FaceNetworks:
    """Return the packaged face networks on a device.

    Raises:
        ModelError: the packaged files are missing or damaged.
    """

    def load(name: str) -> Network:
        return load_network(third_party(f"mediapipe/{name}.tflite")).to(device)

    return FaceNetworks(
        short_range=load("face_detection_short_range"),
        full_range=load("face_detection_full_range_sparse"),
        mesh=load("face_landmark_with_attention"),
        segmentation=load("selfie_segmentation"),
    )
