"""What a picture shows at places between its pixels."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def sample_picture(
    image: Float[Tensor, "height width channels"],
    positions: Float[Tensor, "points 2"],
    *,
    bicubic: bool = False,
) -> Float[Tensor, "points channels"]:
    """Sample an image at pixel positions ((0, 0) is the first one's centre), clamped."""
    height, width = image.shape[:2]
    extent = positions.new_tensor([max(width - 1, 1), max(height - 1, 1)])
    grid = (positions / extent * 2 - 1).clamp(-1, 1)
    sampled = functional.grid_sample(
        image.permute(2, 0, 1)[None],
        grid[None, None],
        mode="bicubic" if bicubic else "bilinear",
        padding_mode="border",
        align_corners=True,
    )
    return sampled[0, :, 0].T
