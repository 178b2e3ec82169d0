"""The file by which the page is given splats."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.core.a_few_splats import a_few_splats
from tests.export.synthetic import synthetic_avatar
from tests.viewers.page.heads import lit_splats
from viewers.server.splat_view import splat_view


@pytest.fixture
def head():
    head = synthetic_avatar()
    return replace(head, splats=lit_splats(a_few_splats(head)))


def test_the_file_says_where_its_arrays_are(head):
    data = splat_view(head, head.splats)
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    assert header["splats"] == 60
    assert header["filmed_from"] == pytest.approx([0.0, 0.0, 0.5], abs=1e-5)
    assert {"normals", "filmed_light", "openness", "environment"} <= set(header["arrays"])
    for name, place in header["arrays"].items():
        values = np.frombuffer(
            data, "<" + place["type"], int(np.prod(place["shape"])), 4 + length + place["place"]
        )
        assert np.isfinite(values * place["scale"]).all(), name
        if name == "offset_shapes":
            stored = torch.from_numpy(values * place["scale"]).view(place["shape"])
            assert (stored - head.splats.offset_shapes).abs().max() < 1e-7
