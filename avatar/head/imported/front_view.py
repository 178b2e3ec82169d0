"""What of a head is hidden from the front: the insides of mouth, nostrils and eye sockets."""

import torch
from jaxtyping import Bool
from torch import Tensor

from avatar.head.model import HeadModel
from avatar.ops.rasterize_mesh import rasterize_mesh

_PIXEL = 0.0005
_SIDE = 512
_CENTRE = -0.038


def hidden_front(model: HeadModel) -> Bool[Tensor, " verts"]:
    """Return the skin's vertices that the face, an oval from brows to chin, hides from the front.

    Only those within 60 mm behind the eyes, which leaves the back of the head out. A cornea hides
    nothing: it is clear.
    """
    x, y, z = model.template.unbind(1)
    oval = (x / 0.055) ** 2 + ((y - _CENTRE) / 0.07) ** 2 < 1
    pixels = torch.stack([x, _CENTRE - y], 1) / _PIXEL + _SIDE / 2
    faces = torch.cat([part.faces for part in model.parts if part.material != "cornea"])
    seen = rasterize_mesh(pixels.float(), (1 - z).float(), faces, _SIDE, _SIDE).triangles
    hidden = oval & (z > -0.06)
    hidden[faces[seen[seen >= 0].unique()].flatten()] = False
    skin = torch.zeros_like(hidden)
    skin[model.part("skin").faces.flatten()] = True
    return hidden & skin
