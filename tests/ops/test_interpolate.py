import torch

from avatar.ops.interpolate import interpolate
from avatar.ops.rasterize_mesh import MeshFragments

FACES = torch.tensor([[0, 1, 2], [2, 1, 3]])
FRAGMENTS = MeshFragments(
    triangles=torch.tensor([[0, 1, -1]]),
    barycentrics=torch.tensor([[[0.5, 0.25, 0.25], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]]),
    depths=torch.tensor([[1.0, 1.0, torch.inf]]),
)


def test_attributes_are_weighted_by_the_barycentrics_of_their_triangle():
    attributes = torch.tensor([[0.0, 1.0], [4.0, 1.0], [8.0, 1.0], [5.0, 7.0]])
    picture = interpolate(FRAGMENTS, FACES, attributes)
    assert picture.tolist() == [[[3.0, 1.0], [5.0, 7.0], [0.0, 0.0]]]


def test_gradients_reach_attributes_and_barycentrics():
    attributes = torch.rand(4, 3, dtype=torch.float64, requires_grad=True)
    weights = FRAGMENTS.barycentrics.double().requires_grad_()

    def picture(attributes, weights):
        fragments = MeshFragments(
            triangles=FRAGMENTS.triangles, barycentrics=weights, depths=FRAGMENTS.depths
        )
        return interpolate(fragments, FACES, attributes)

    assert torch.autograd.gradcheck(picture, (attributes, weights))


def test_other_corner_indices_take_other_attributes():
    uv_faces = torch.tensor([[5, 4, 3], [0, 1, 2]])
    uvs = torch.arange(6.0)[:, None]
    picture = interpolate(FRAGMENTS, uv_faces, uvs)
    assert picture[0, :, 0].tolist() == [0.5 * 5 + 0.25 * 4 + 0.25 * 3, 2.0, 0.0]
