import pytest
import torch
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.core.rig import Rig
from avatar.core.rig import skin as pose_rig
from avatar.core.transform import Transform, matrix_from_rotation_vector
from avatar.ops.skin import SkinnedMesh, skin, skin_reference


@pytest.fixture(params=[skin, skin_reference], ids=["fast", "reference"])
def pose(request):
    return request.param


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def scene(poses: int = 3, verts: int = 20, morphs: int = 5, joints: int = 4):
    mesh = SkinnedMesh(
        vertices=random(verts, 3),
        morphs=random(morphs, verts, 3, seed=1) * 0.1,
        skin_weights=random(verts, joints, seed=2).softmax(-1),
    )
    transforms = Transform(
        rotation=matrix_from_rotation_vector(random(poses, joints, 3, seed=3)),
        translation=random(poses, joints, 3, seed=4),
    )
    return mesh, random(poses, morphs, seed=5), transforms


def test_joints_that_do_not_move_leave_the_morphs(pose):
    mesh, weights, transforms = scene()
    still = Transform(
        rotation=torch.eye(3).double().expand_as(transforms.rotation),
        translation=torch.zeros_like(transforms.translation),
    )
    expected = mesh.vertices + torch.einsum("pm,mvi->pvi", weights, mesh.morphs)
    torch.testing.assert_close(pose(mesh, weights, still), expected)


def test_all_joints_moving_as_one_move_the_mesh_rigidly(pose):
    mesh, weights, transforms = scene()
    one = Transform(
        rotation=transforms.rotation[:, :1].expand(-1, 4, -1, -1),
        translation=transforms.translation[:, :1].expand(-1, 4, -1),
    )
    still = mesh.vertices + torch.einsum("pm,mvi->pvi", weights, mesh.morphs)
    expected = torch.einsum("pij,pvj->pvi", one.rotation[:, 0], still) + one.translation[:, :1]
    torch.testing.assert_close(pose(mesh, weights, one), expected)


def test_a_batch_is_its_poses_one_by_one(pose):
    mesh, weights, transforms = scene()
    together = pose(mesh, weights, transforms)
    for i in range(3):
        alone = Transform(
            rotation=transforms.rotation[i : i + 1], translation=transforms.translation[i : i + 1]
        )
        torch.testing.assert_close(pose(mesh, weights[i : i + 1], alone)[0], together[i])


def test_it_agrees_with_the_rig():
    mesh, weights, _ = scene(poses=1, morphs=52, joints=2)
    rotations = matrix_from_rotation_vector(random(2, 3, seed=6) * 0.3)
    rig = Rig(
        morphs=mesh.morphs,
        joint_names=("neck", "head"),
        parents=(-1, 0),
        joint_positions=random(2, 3, seed=7),
        skin_weights=mesh.skin_weights,
    )
    shaped = mesh.vertices + torch.einsum("m,mvi->vi", weights[0], mesh.morphs)
    neck, head = rig.joint_positions
    head_turn = rotations[0] @ rotations[1]
    head_place = neck + rotations[0] @ (head - neck)
    transforms = Transform(
        rotation=torch.stack([rotations[0], head_turn])[None],
        translation=torch.stack([neck - rotations[0] @ neck, head_place - head_turn @ head])[None],
    )
    torch.testing.assert_close(skin(mesh, weights, transforms)[0], pose_rig(shaped, rig, rotations))


def in_single(mesh, weights, transforms):
    """Return leaves in the order of the op's arguments, and the op on them."""
    leaves = [mesh.vertices, mesh.morphs, mesh.skin_weights, weights]
    leaves += [transforms.rotation, transforms.translation]
    return [leaf.float().requires_grad_() for leaf in leaves]


def on_leaves(op, leaves):
    vertices, morphs, skin_weights, weights, rotation, translation = leaves
    mesh = SkinnedMesh(vertices=vertices, morphs=morphs, skin_weights=skin_weights)
    return op(mesh, weights, Transform(rotation=rotation, translation=translation))


@pytest.mark.parametrize(
    # Blocks of 32 vertices, parts of 1,024: less than one, several, a rest.
    ("poses", "verts", "morphs", "joints"),
    [(1, 1, 1, 1), (3, 32, 5, 4), (2, 2500, 7, 3), (4, 33, 0, 2)],
)
def test_native_agrees_with_the_reference_in_double(instruction_set, poses, verts, morphs, joints):
    mesh, weights, transforms = scene(poses, verts, morphs, joints)
    weights = weights.clone()
    weights[:, ::2] = 0  # as most weights of an animation are
    leaves = in_single(mesh, weights, transforms)
    exact = [leaf.detach().double().requires_grad_() for leaf in leaves]
    ours = on_leaves(skin, leaves)
    theirs = on_leaves(skin_reference, exact)
    assert (ours - theirs).abs().max() < 1e-5
    slope = random(*ours.shape, seed=9)
    slopes = torch.autograd.grad(ours, leaves, slope.float())
    true_slopes = torch.autograd.grad(theirs, exact, slope, materialize_grads=True)
    for part, true_part in zip(slopes, true_slopes, strict=True):
        assert (part - true_part).norm() <= 1e-5 * true_part.norm()


def test_threads_do_not_change_a_single_bit():
    leaves = in_single(*scene(2, 3000))
    before, results = torch.get_num_threads(), []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        posed = on_leaves(skin, leaves)
        results.append([posed, *torch.autograd.grad(posed.square().sum(), leaves)])
    torch.set_num_threads(before)
    for result in results[1:]:
        assert all(map(torch.equal, result, results[0]))


def test_it_is_a_custom_op_by_torchs_own_check():
    leaves = in_single(*scene(2, 40))
    matrices = torch.cat([leaves[4], leaves[5][..., None]], -1).detach().requires_grad_()
    torch.library.opcheck(
        torch.ops.avatar.skin.default,
        (*leaves[:4], matrices),
        test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
    )


def test_gradients_are_those_of_finite_differences():
    mesh, weights, transforms = scene(poses=2, verts=4, morphs=2, joints=2)
    leaves = [mesh.vertices, mesh.morphs, mesh.skin_weights, weights]
    leaves += [transforms.rotation, transforms.translation]

    def posed(vertices, morphs, skin_weights, weights, rotation, translation):
        changed = SkinnedMesh(vertices=vertices, morphs=morphs, skin_weights=skin_weights)
        return skin(changed, weights, Transform(rotation=rotation, translation=translation))

    assert torch.autograd.gradcheck(posed, [leaf.clone().requires_grad_() for leaf in leaves])


@pytest.mark.parametrize(
    ("poses", "verts", "morphs"), [(0, 20, 5), (2, 0, 5), (2, 20, 0), (1, 1, 1)]
)
def test_nothing_of_something_works(pose, poses, verts, morphs):
    assert pose(*scene(poses, verts, morphs)).shape == (poses, verts, 3)


def test_arguments_that_do_not_belong_together_are_named():
    mesh, weights, transforms = scene()
    with pytest.raises(OptionError, match="morph_weights"):
        skin(mesh, weights[:, :4], transforms)
    with pytest.raises(OptionError, match="morph_weights"):
        skin(mesh, weights.float(), transforms)
    fewer = Transform(
        rotation=transforms.rotation[:, :3], translation=transforms.translation[:, :3]
    )
    with pytest.raises(OptionError, match="rotation"):
        skin(mesh, weights, fewer)
