"""The custom operators of MediaPipe's face networks, batched.

Source: MediaPipe's operator definitions, version 2 of each (Apache-2.0), reimplemented from their
formulas. All four work in the pixels of a feature map or of the network's input.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from avatar.capture.tflite.flexbuffer import FlexValue, read_flexbuffer_map
from avatar.capture.tflite.graph import Operator
from avatar.capture.tflite.ops import Step
from avatar.core.errors import ModelError


def refined_indices(operator: Operator) -> list[int]:
    """Return the landmarks around which a Landmarks2TransformMatrix crops, in their order."""
    return list(_subset(operator.custom_options))


@cache
def _subset(options: bytes) -> tuple[int, ...]:
    indices = read_flexbuffer_map(options)["subset_idxs"]
    if not isinstance(indices, list):
        raise ModelError("model file: subset_idxs is no list")
    return tuple(indices)


def landmarks_to_transform_matrix(operator: Operator) -> Step:
    """Return the step that finds the crop around some landmarks.

    (batch, points, 3) landmarks give (batch, 4, 4) matrices from crop pixels to landmark pixels.
    The crop is level with the line between two landmarks.
    """
    options = read_flexbuffer_map(operator.custom_options)
    start, end = (
        int(_number(options, "left_rotation_idx")),
        int(_number(options, "right_rotation_idx")),
    )
    target = _number(options, "target_rotation_radians")
    sizes = (_number(options, "output_width"), _number(options, "output_height"))
    scales = (_number(options, "scale_x"), _number(options, "scale_y"))
    subset = refined_indices(operator)

    def run(landmarks: Tensor) -> Tensor:
        points = landmarks[..., :2]
        along = points[:, end] - points[:, start]
        angle = torch.atan2(along[:, 1], along[:, 0]) - target
        cosine, sine = angle.cos(), angle.sin()
        image_from_crop = torch.stack(
            [torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)], -2
        )
        level = points[:, subset] @ image_from_crop
        low, high = level.amin(1), level.amax(1)
        middle = (image_from_crop @ ((low + high) / 2)[..., None])[..., 0]
        size = points.new_tensor(sizes)
        scaled = image_from_crop * ((high - low) * points.new_tensor(scales) / size)[:, None, :]
        matrix = torch.eye(4, device=points.device, dtype=points.dtype).repeat(len(points), 1, 1)
        matrix[:, :2, :2] = scaled
        matrix[:, :2, 3] = middle - (scaled @ (size / 2)[:, None])[..., 0]
        return matrix

    return run


def transform_tensor_bilinear(operator: Operator) -> Step:
    """Return the step that samples a crop of a (batch, height, width, channels) map.

    Pixels are areas: crop pixel i has its centre at i + 1/2. A sample whose centre lies outside the
    map's outermost pixel centres is zero.
    """
    options = read_flexbuffer_map(operator.custom_options)
    out_height, out_width = (
        int(_number(options, "output_height")),
        int(_number(options, "output_width")),
    )

    def run(x: Tensor, matrix: Tensor) -> Tensor:
        _, height, width, _ = x.shape
        rows = torch.arange(out_height, device=x.device, dtype=x.dtype) + 0.5
        columns = torch.arange(out_width, device=x.device, dtype=x.dtype) + 0.5
        grid_y, grid_x = torch.meshgrid(rows, columns, indexing="ij")
        crop = torch.stack([grid_x, grid_y], -1).reshape(1, -1, 2)
        places = crop @ matrix[:, :2, :2].transpose(1, 2) + matrix[:, None, :2, 3]
        size = places.new_tensor([width, height])
        inside = ((places >= 0.5) & (places <= size - 0.5)).all(-1)
        grid = (places / size * 2 - 1).reshape(-1, out_height, out_width, 2)
        sampled = functional.grid_sample(x.permute(0, 3, 1, 2), grid, align_corners=False)
        kept = inside.reshape(-1, out_height, out_width, 1)
        return sampled.permute(0, 2, 3, 1) * kept

    return run


def transform_landmarks(operator: Operator) -> Step:
    """Return the step that moves (batch, points, 2) crop positions by a 4x4 matrix."""
    del operator

    def run(points: Tensor, matrix: Tensor) -> Tensor:
        return points @ matrix[:, :2, :2].transpose(1, 2) + matrix[:, None, :2, 3]

    return run


def transposed_convolution_with_bias(operator: Operator) -> Step:
    """Return the step of a transposed convolution; weights are (out, height, width, in)."""
    padding, stride_width, stride_height = (
        int.from_bytes(operator.custom_options[4 * i : 4 * i + 4], "little") for i in range(3)
    )

    def run(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        if padding == 1 and (weight.shape[1], weight.shape[2]) != (stride_height, stride_width):
            raise ModelError("model file: transposed convolution that needs cropping")
        out = functional.conv_transpose2d(
            x.permute(0, 3, 1, 2), weight.permute(3, 0, 1, 2), bias, (stride_height, stride_width)
        )
        return out.permute(0, 2, 3, 1)

    return run


def _number(options: dict[str, FlexValue], key: str) -> float:
    value = options.get(key)
    if isinstance(value, list) or value is None:
        raise ModelError(f"model file: operator option {key} is missing")
    return float(value)


CUSTOM: dict[str, Callable[[Operator], Step]] = {
    "Convolution2DTransposeBias": transposed_convolution_with_bias,
    "Landmarks2TransformMatrix": landmarks_to_transform_matrix,
    "TransformLandmarks": transform_landmarks,
    "TransformTensorBilinear": transform_tensor_bilinear,
}
"""Builders by the operator's name in the file."""
