"""What `avatar reconstruct --report` writes: each photo's reading and the head's facts."""

import math
from collections.abc import Sequence
from typing import Any

from avatar.capture.observation import Observation
from avatar.core.arkit import ARKIT_NAMES
from avatar.core.camera import Camera
from avatar.core.transform import Transform, euler_from_rotation
from avatar.create.usable_photos import UsablePhotos
from avatar.fit.head_fit import HeadFit, PhotoFit

SCHEMA = 1
"""Version of the report's layout."""


def build_report(
    fit: HeadFit,
    photos: UsablePhotos,
    timings: dict[str, float],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Return the report as JSON-serialisable data; lengths in metres, angles in degrees."""
    return {
        "schema": SCHEMA,
        "photos": [
            _photo(fit, photo, observation)
            for photo, observation in zip(fit.photos, photos.observations, strict=True)
        ],
        "photos_left_out": [
            {"name": photo.name, "reason": photo.reason} for photo in photos.left_out
        ],
        "head": _head(fit),
        "timings_seconds": {name: round(seconds, 3) for name, seconds in timings.items()},
        "warnings": list(warnings),
    }


def head_rotation(camera: Camera) -> Transform:
    """Return the head's pose in a frame that faces the camera: +X right, +Y up, +Z to the camera.

    Turning OpenCV's camera frame by 180 degrees about X gives a frame parallel to the head's for a
    face that looks straight into the lens, so the angles of a frontal photo are zero.
    """
    flip = camera.intrinsics.new_tensor([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]])
    extrinsics = camera.camera_from_world
    return Transform(rotation=flip @ extrinsics.rotation, translation=flip @ extrinsics.translation)


def _photo(fit: HeadFit, photo: PhotoFit, observation: Observation) -> dict[str, Any]:
    pose = head_rotation(photo.camera)
    pitch, yaw, roll = euler_from_rotation(pose.rotation)
    face = fit.model.region("face")
    focal = float(photo.camera.focal)
    return {
        "name": photo.name,
        "size": [photo.camera.width, photo.camera.height],
        "camera": {
            "intrinsics": photo.camera.intrinsics.tolist(),
            "camera_from_head": {
                "rotation": photo.camera.camera_from_world.rotation.tolist(),
                "translation": photo.camera.camera_from_world.translation.tolist(),
            },
            "focal_pixels": focal,
            "fov_degrees": math.degrees(2 * math.atan(photo.camera.width / (2 * focal))),
        },
        "head_pose": {
            "yaw_degrees": math.degrees(float(yaw)),
            "pitch_degrees": math.degrees(float(pitch)),
            "roll_degrees": math.degrees(float(roll)),
            "distance": float(pose.translation.norm()),
        },
        "gaze_degrees": {
            side: {
                "yaw": math.degrees(float(photo.gaze[eye, 0])),
                "pitch": math.degrees(float(photo.gaze[eye, 1])),
            }
            for eye, side in enumerate(("left", "right"))
        },
        "coefficients": {
            name: round(float(weight), 4)
            for name, weight in zip(ARKIT_NAMES, photo.expression, strict=True)
        },
        "landmark_residual": {
            "pixels": photo.landmark_residual,
            "percent_of_inter_iris_distance": 100 * photo.landmark_residual_relative,
        },
        "inter_iris_distance_pixels": float(observation.inter_iris_distance),
        "detection_score": observation.score,
        "visibility": float((photo.visibility[face] > 0.1).float().mean()),
        "matte_confidence": observation.matte_confidence,
    }


def _head(fit: HeadFit) -> dict[str, Any]:
    vertices = fit.neutral_vertices
    joints = fit.model.joint_regressor @ vertices
    report: dict[str, Any] = {
        "model": fit.model.name,
        "licence": fit.model.licence,
        "source": fit.model.source,
        "vertices": len(vertices),
        "landmarks68": fit.model.landmarks68.on(vertices).tolist(),
        "identity": fit.identity.tolist(),
        "largest_offset": float(fit.offsets.norm(dim=-1).max()),
        "unit": "metre",
    }
    names = fit.model.joint_names
    if "eye_left" in names and "eye_right" in names:
        left, right = joints[names.index("eye_left")], joints[names.index("eye_right")]
        report["metric_scale"] = {
            "inter_pupillary_distance": float((left - right).norm()),
            "reference": "visible iris diameter of 11.7 mm, the head model's prior",
        }
    return report
