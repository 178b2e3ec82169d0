"""The default look of teeth, gums and tongue."""

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.head.parts.atlas import GUM_HEIGHT, GUM_START, ROW_HEIGHT, TEETH_PER_SIDE
from avatar.head.parts.crowns import END_V
from avatar.head.parts.noise import mixed, smooth_noise, smooth_step

ENAMEL_COLOR = (0.76, 0.71, 0.62)
GUM_COLOR = (0.40, 0.135, 0.125)
TONGUE_COLOR = (0.42, 0.15, 0.14)
_FIRST_BACK_TOOTH = 3
# The gum strip's row of the margin, over its height; see the profile in gums.py.
_LIP_MARGIN, _TONGUE_MARGIN = 0.33, 0.58


def teeth_texture(
    size: int = 512, generator: torch.Generator | None = None
) -> Float[Tensor, "size size 3"]:
    """Return the base colour of teeth and gums in their atlas, linear RGB."""
    generator = generator or torch.Generator().manual_seed(11)
    image = torch.empty(size, size, 3)
    row_size = round(ROW_HEIGHT * size)
    for jaw in range(2):
        image[jaw * row_size : (jaw + 1) * row_size] = _teeth_row(row_size, size, generator)
    start, height = round(GUM_START * size), round(GUM_HEIGHT * size)
    for jaw in range(2):
        stop = size if jaw else start + height
        first = start + jaw * height
        image[first:stop] = _gum_strip(stop - first, size, generator)
    return image.clamp(0, 1)


def _teeth_row(
    height: int, width: int, generator: torch.Generator
) -> Float[Tensor, "height width 3"]:
    """Paint seven cells: incisors to molars, incisal end above, neck below."""
    v = ((torch.arange(height) + 0.5) / height)[:, None].expand(height, width)
    along = (torch.arange(width) + 0.5) / width * TEETH_PER_SIDE
    number = along.floor()
    u = (along - number).expand(height, width)
    cloud = smooth_noise((height, width), (5, 6 * TEETH_PER_SIDE), generator)
    lines = smooth_noise((height, width), (3, 26 * TEETH_PER_SIDE), generator)
    color = torch.tensor(ENAMEL_COLOR).expand(height, width, 3)
    back = (number / (TEETH_PER_SIDE - 1)).expand(height, width)
    color = color * (1 - 0.22 * back + 0.02 * cloud + 0.012 * lines)[..., None]
    # Dentine shines through where enamel is thin: yellower to the neck and in the canine.
    canine = (number == 2).float().expand(height, width)
    yellow = (0.5 * smooth_step(0.5, 1.0, v) + 0.22 * canine).clamp(0, 1)
    color = color * (1 + (torch.tensor([0.90, 0.80, 0.62]) - 1) * yellow[..., None])
    # Front teeth's ends are clear: the dark mouth shows through, bluish.
    front = (number < _FIRST_BACK_TOOTH).float().expand(height, width)
    clear = front * smooth_step(0.26, 0.1, v + 0.015 * cloud)
    color = color * (1 + (torch.tensor([0.84, 0.89, 0.97]) - 1) * clear[..., None])
    # Fissures between the cusps, and shade where neighbours touch.
    fissure = (1 - front) * smooth_step(0.55 * END_V, 0.1 * END_V, v) * 0.35
    touch = 0.2 * smooth_step(0.40, 0.5, (u - 0.5).abs())
    return color * ((1 - fissure) * (1 - touch))[..., None]


def _gum_strip(
    height: int, width: int, generator: torch.Generator
) -> Float[Tensor, "height width 3"]:
    """Paint gum: paler and stippled at the margins, redder and veined towards lip and tongue."""
    v = ((torch.arange(height) + 0.5) / height)[:, None].expand(height, width)
    cloud = smooth_noise((height, width), (4, 40), generator)
    stipple = smooth_noise((height, width), (max(4, height // 3), width // 3), generator)
    color = torch.tensor(GUM_COLOR).expand(height, width, 3)
    near = torch.minimum((v - _LIP_MARGIN).abs(), (v - _TONGUE_MARGIN).abs())
    pale = smooth_step(0.25, 0.02, near)
    color = mixed(color * 0.86, color.new_tensor([0.47, 0.20, 0.18]).expand_as(color), pale)
    socket = smooth_step(0.03, 0.06, v - _LIP_MARGIN) * smooth_step(0.03, 0.06, _TONGUE_MARGIN - v)
    shade = (1 - 0.55 * socket) * (1 + 0.05 * cloud + 0.025 * stipple)
    return color * shade[..., None]


def tongue_texture(
    size: int = 256, generator: torch.Generator | None = None
) -> Float[Tensor, "size size 3"]:
    """Return the base colour of the tongue seen from above, tip at the top, linear RGB."""
    generator = generator or torch.Generator().manual_seed(13)
    steps = (torch.arange(size) + 0.5) / size
    v, u = torch.meshgrid(steps, steps, indexing="ij")
    cloud = smooth_noise((size, size), (7, 7), generator)
    papillae = smooth_noise((size, size), (size // 3, size // 3), generator)
    color = torch.tensor(TONGUE_COLOR).expand(size, size, 3)
    middle = (u - 0.5).abs() * 2
    coated = smooth_step(0.25, 0.75, v) * smooth_step(0.9, 0.3, middle)
    color = mixed(color, color.new_tensor([0.46, 0.24, 0.21]).expand_as(color), 0.6 * coated)
    groove = torch.exp(-((middle / 0.05) ** 2)) * smooth_step(0.02, 0.2, v)
    shade = (1 - 0.22 * groove) * (1 + 0.06 * cloud + 0.07 * papillae)
    back = 1 - 0.5 * smooth_step(0.6, 1.0, v)
    return (color * (shade * back)[..., None]).clamp(0, 1)
