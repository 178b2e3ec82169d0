import subprocess
import sys
from pathlib import Path

import torch

from tests.ops.splat_scenes import camera, egg

ROOT = Path(__file__).parents[2]


def op_arguments(harmonics: int = 4):
    gaussians, view = egg(30, 24, 6, 2, harmonics), camera(24, 20)
    transform = view.camera_from_world
    tensors = [*vars(gaussians).values(), torch.rand(gaussians.channels)]
    tensors += [transform.rotation, transform.translation, view.intrinsics]
    tensors = [None if t is None else t.clone().requires_grad_() for t in tensors]
    return (*tensors, 20, 24, 0.01, 0.3, False)


def test_the_custom_op_is_one_by_torchs_own_check():
    checks = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(
        torch.ops.avatar.rasterize_splats.default, op_arguments(), test_utils=checks
    )


COMPILED = """
import torch
from dataclasses import replace
from avatar.ops.rasterize_splats import rasterize_splats
from tests.ops.splat_scenes import camera, egg

view, gaussians = camera(24, 20), egg(30, 24, 6)

def loss(means, features):
    changed = replace(gaussians, means=means, features=features)
    return rasterize_splats(changed, view).features.square().sum()

leaves = [gaussians.means.clone().requires_grad_(), gaussians.features.clone().requires_grad_()]
compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
expected = torch.autograd.grad(loss(*leaves), leaves)
torch.testing.assert_close(torch.autograd.grad(compiled(*leaves), leaves), expected)
"""


def test_it_compiles_into_one_graph_with_its_gradients():
    # Apart, for the compiler cannot trace through the checks of shapes that tests switch on.
    # The source tree comes last in the path: the installed package is the one tested.
    program = f"import sys\nsys.path.append({str(ROOT)!r})\n{COMPILED}"
    subprocess.run([sys.executable, "-P", "-c", program], check=True)
