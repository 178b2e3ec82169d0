"""What the mesh network makes of a face before it says where points are: a face in numbers.

Its trunk was trained on real faces; a small network on top of it learns more from few synthetic
ones than a network that starts from pixels.
"""

from dataclasses import replace
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.crop import Crop, Pyramid
from avatar.capture.mesh import RESOLUTION
from avatar.capture.networks import face_networks
from avatar.capture.tflite.network import Network, one_thread
from avatar.core.errors import ModelError

LAYERS = ((1, 6, 6, 128), (1, 3, 3, 128))
"""Shapes of the layers that are taken: the last of each in the trunk."""

FEATURES = 6 * 6 * 128 + 3 * 3 * 128


@torch.no_grad()
def face_features(pyramid: Pyramid, crop: Crop) -> Float[Tensor, "2 features"]:
    """Return the features of a face's crop, as the mesh network expects it, and its mirror image.

    Raises:
        ModelError: the packaged mesh network is not the one known.
    """
    picture = pyramid.sample(crop, RESOLUTION, "replicate")
    with one_thread():
        layers = _trunk(pyramid.device)(torch.stack([picture, picture.flip(1)]))
    return torch.cat([layer.flatten(1) for layer in layers], 1)


@cache
def _trunk(device: torch.device) -> Network:
    """Return the mesh network up to the layers that are taken."""
    graph = face_networks(device).mesh.graph
    shapes = [graph.shapes[operator.outputs[0]] for operator in graph.operators]
    found = [len(shapes) - 1 - shapes[::-1].index(shape) for shape in LAYERS if shape in shapes]
    if len(found) != len(LAYERS):
        raise ModelError("face mesh network: not the version with a 6 x 6 and a 3 x 3 layer")
    kept = graph.operators[: max(found) + 1]
    outputs = tuple(graph.operators[place].outputs[0] for place in found)
    return Network(replace(graph, operators=kept, outputs=outputs)).eval().to(device)
