"""How light a person's skin is: what a photo cannot tell from how bright its light was."""

import math

from jaxtyping import Float
from torch import Tensor

from avatar.core.material import LUMINANCE

PALE = (0.36, 0.27)
"""Natural logs of red over green and of green over blue of pale skin, linear sRGB."""

MELANIN, BLOOD = (0.20, 0.16), (1.0, -0.1)
"""What a unit of melanin adds to them, and what a unit of haemoglobin does.

Fitted to the mean colours of skin groups (Xiao et al. 2017): European, Chinese, South Asian and
African skin have about 0, 0.3, 0.7 and 1 units of melanin; blood absorbs green the most.
"""

PALE_LEVEL, DARKENING = -1.04, 1.13
"""Natural log of pale skin's luminance, and by how much a unit of melanin lowers it."""

LEAST, MOST = math.log(0.055), math.log(0.45)
"""The darkest and the palest skins' luminance, about."""

EXPOSURE_DEVIATION, HUE_DEVIATION = 0.35, 0.6
"""How far the exposure misleads about the skin's luminance, and how far its hue does (logs)."""


def believed_level(tone: Float[Tensor, "3"]) -> float:
    """Return the luminance to believe of skin that looks like `tone` at the photo's exposure.

    Light and albedo share one free factor. The fit settles half of it by the exposure; the hue
    tells melanin, which darkens, from blood, which does not; a camera's white balance blurs both,
    so hue counts by its own deviation: a product of two normal distributions in the logarithm.
    """
    red, green, blue = tone.clamp_min(1e-4).log().tolist()
    first, second = red - green - PALE[0], green - blue - PALE[1]
    determinant = MELANIN[0] * BLOOD[1] - BLOOD[0] * MELANIN[1]
    melanin = (first * BLOOD[1] - BLOOD[0] * second) / determinant
    by_hue = min(MOST, max(LEAST, PALE_LEVEL - DARKENING * melanin))
    by_exposure = math.log(max(1e-3, float(tone @ tone.new_tensor(LUMINANCE))))
    trust = HUE_DEVIATION**-2 / (HUE_DEVIATION**-2 + EXPOSURE_DEVIATION**-2)
    return math.exp(by_exposure + trust * (by_hue - by_exposure))
