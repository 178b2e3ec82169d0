import torch

from avatar.core.material import LUMINANCE
from avatar.fit.light import skin_balance


def test_usual_skin_is_left_alone():
    for skin in ([0.55, 0.38, 0.28], [0.3, 0.17, 0.1], [0.1, 0.055, 0.035]):
        assert torch.allclose(skin_balance(torch.tensor(skin)), torch.ones(3))


def test_skin_redder_than_anybodys_is_made_less_red_at_the_same_luminance():
    skin = torch.tensor([0.42, 0.12, 0.1])
    factor = skin_balance(skin)
    assert float(factor[0]) < float(factor[1])
    luminance = skin.new_tensor(LUMINANCE)
    assert torch.isclose(skin * factor @ luminance, skin @ luminance)
