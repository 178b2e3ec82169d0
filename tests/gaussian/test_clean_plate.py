"""What stands behind a person is taken out of mattes that mistook it; the person stays whole."""

import torch

from avatar.gaussian.clean_plate import clean_mattes, clean_plate

SIDE = 200


def filmed():
    """A grey square that moves before stripes; mattes also hold a part of the stripes."""
    stripes = torch.where(torch.arange(SIDE) // 10 % 2 == 0, 200, 60).to(torch.uint8)
    back = stripes[None, :, None].expand(SIDE, SIDE, 3)
    pictures, mattes, truths = [], [], []
    for frame in range(8):
        picture, matte = back.clone(), torch.zeros(SIDE, SIDE, dtype=torch.uint8)
        left = 50 + 3 * frame
        picture[60:, left : left + 80] = torch.tensor([120, 125, 130], dtype=torch.uint8)
        matte[60:, left : left + 80] = 255
        truths.append(matte.clone())
        if frame % 2:
            matte[150:190, left + 80 : left + 92] = 255
        pictures.append(picture)
        mattes.append(matte)
    return torch.stack(pictures), torch.stack(mattes), torch.stack(truths), back


def test_plate_is_what_stands_behind():
    pictures, mattes, _, back = filmed()
    plate, known = clean_plate(pictures, mattes)
    assert bool(known[:50].all())
    assert not bool(known[100:140, 80:120].any())
    assert float((plate[known] - back[known] / 255).abs().max()) < 0.01


def test_background_leaves_the_matte_and_the_person_stays():
    pictures, mattes, truths, _ = filmed()
    cleaned = mattes.clone()
    clean_mattes(pictures, cleaned)
    before = (mattes.float() - truths).abs().mean()
    after = (cleaned.float() - truths).abs().mean()
    assert float(after) < 0.45 * float(before)
    inside = cleaned[:, 70:, 75:125][truths[:, 70:, 75:125] == 255]
    assert int(inside.min()) == 255


def test_background_never_seen_changes_nothing():
    pictures = torch.full((4, 40, 40, 3), 90, dtype=torch.uint8)
    mattes = torch.full((4, 40, 40), 255, dtype=torch.uint8)
    clean_mattes(pictures, mattes)
    assert bool((pictures == 90).all())
    assert bool((mattes == 255).all())
