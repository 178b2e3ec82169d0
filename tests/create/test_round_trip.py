"""What a head plays before a camera comes back as curves."""

import torch

from avatar.core.arkit import ARKIT_INDEX
from avatar.core.clip import Clip
from avatar.core.transform import quaternion_from_matrix, rotation_from_euler
from avatar.create.default_head import default_head
from tests.benchmarks.tracking.round_trip import curve_correlations, round_trip


def test_jaw_smile_and_blink_come_back_through_film_and_csv(tmp_path):
    fps = 10
    times = torch.arange(20) / fps
    weights = torch.zeros(20, 52)
    weights[:, ARKIT_INDEX["jawOpen"]] = 0.4 - 0.4 * torch.cos(2 * torch.pi * times)
    for side in ("Left", "Right"):
        weights[:, ARKIT_INDEX[f"mouthSmile{side}"]] = 0.3 - 0.3 * torch.cos(torch.pi * times)
        weights[9:12, ARKIT_INDEX[f"eyeBlink{side}"]] = torch.tensor([0.7, 1.0, 0.7])
    yaw = 0.2 * torch.sin(torch.pi * times)
    turn = quaternion_from_matrix(rotation_from_euler(0 * yaw, yaw, 0 * yaw))
    clip = Clip(times=times, weights=weights, joint_names=("head",), joint_rotations=turn[:, None])
    found = round_trip(clip, default_head(), tmp_path, fps, size=192)
    curves = curve_correlations(found, clip)
    assert curves["jawOpen"] > 0.95
    assert min(curves["mouthSmileLeft"], curves["mouthSmileRight"]) > 0.8
    assert min(curves["eyeBlinkLeft"], curves["eyeBlinkRight"]) > 0.8
