import numpy as np
import pytest
from numpy import ndarray

from tests.head.synthetic_head import SphereHead, averages, sphere_head

# A head's file stands in a frame of its own, not ours.
OFFSET = np.array([0.001, -0.02, 0.05])


def flame_arrays(head: SphereHead, shapes: int = 305) -> dict[str, ndarray]:
    """Return arrays of FLAME's names, shapes and types for that head."""
    count = len(head.vertices)
    generator = np.random.default_rng(3)
    skin = head.piece == 0
    y, z = head.vertices[:, 1], head.vertices[:, 2]
    jaw_area = skin & (y < -0.06) & (z > -0.05)
    weights = np.zeros((count, 5))
    weights[skin, 1] = 1
    weights[jaw_area, 1], weights[jaw_area, 2] = 0.25, 0.75
    weights[head.piece == 1, 3] = 1
    weights[head.piece == 2, 4] = 1
    low = skin & (y < -0.1)
    middle = skin & (np.abs(y + 0.03) < 0.03)
    regressor = averages([low, skin, middle, head.piece == 1, head.piece == 2])
    directions = generator.normal(size=(shapes, 3)) * np.linspace(1e-3, 1e-4, shapes)[:, None]
    shapedirs = head.vertices[:, :, None] * directions.T[None] * 20
    posedirs = np.zeros((count, 3, 36))
    posedirs[jaw_area, 0, 9:18] = 1e-4
    return {
        "v_template": head.vertices + OFFSET,
        "shapedirs": shapedirs,
        "posedirs": posedirs,
        "J_regressor": regressor,
        "weights": weights,
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], dtype=np.int64),
        "f": head.faces.astype(np.uint32),
    }


@pytest.fixture(scope="session")
def arrays() -> dict[str, ndarray]:
    return flame_arrays(sphere_head())
