"""How far two heads of the default model are apart where a face is measured."""

import torch
from torch import Tensor

from avatar.core.mesh import vertex_normals
from avatar.core.transform import skew
from avatar.head.model import HeadModel


def face_metric(model: HeadModel) -> Tensor:
    """Return G such that d' G d is how far faces are apart whose identities differ by d.

    The mean squared distance (mm^2) across the surface of the narrow face, after the best
    similarity.
    """
    faces = model.part("skin").faces
    face = model.region("face") & ~model.region("mouth_interior") & ~model.region("eye_sockets")
    rows = face.nonzero()[:, 0]
    corners = model.template[faces]
    areas = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = torch.zeros(len(model.template))
    area.index_add_(0, faces.flatten(), areas.norm(dim=1).repeat_interleave(3))
    share = (area[rows] / area[rows].sum()).sqrt().double()
    normals = vertex_normals(model.template, faces)[rows].double()
    points = model.template[rows].double()
    moves = 1000 * (model.identity_basis[:, rows].double() * normals).sum(2) * share
    rigid = torch.cat([-skew(points), torch.eye(3).double().expand(len(rows), 3, 3)], 2)
    similar = torch.cat([rigid, points[..., None]], 2)
    similar = (normals[..., None] * similar).sum(1) * share[:, None]
    basis, _ = torch.linalg.qr(similar)
    left = moves - (moves @ basis) @ basis.T
    return (left @ left.T).float()
