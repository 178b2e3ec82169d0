"""The pixel of a mask that lies nearest to each pixel of a picture."""

import numpy as np
import torch
from jaxtyping import Bool, Int
from scipy import ndimage
from torch import Tensor


def nearest_pixel(mask: Bool[Tensor, "height width"]) -> Int[Tensor, "height width 2"]:
    """Return the row and column of the nearest pixel within the mask, for every pixel."""
    indices = ndimage.distance_transform_edt(
        ~mask.numpy(), return_distances=False, return_indices=True
    )
    return torch.from_numpy(np.asarray(indices)).permute(1, 2, 0).long()
