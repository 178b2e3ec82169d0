"""Frames in a file behave as frames in memory, and the file goes with them."""

import torch

from avatar.gaussian.frame_store import empty_frames


def test_frames_in_a_file_are_like_those_in_memory_and_leave_nothing(tmp_path):
    here, there = empty_frames((3, 4, 5, 3)), empty_frames((3, 4, 5, 3), tmp_path)
    values = torch.arange(180, dtype=torch.uint8).view(3, 4, 5, 3)
    for frames in (here, there):
        assert frames.dtype == torch.uint8
        for number, value in enumerate(values):
            frames[number] = value
    assert torch.equal(here, there)
    there[1].copy_(there[1] + 1)
    assert torch.equal(there[1], values[1] + 1)
    assert list(tmp_path.iterdir()) == []
