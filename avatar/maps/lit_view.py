"""One photo with its light: what each vertex of the head gets and mirrors, solved from its skin."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from avatar.capture.observation import Observation
from avatar.core.material import LUMINANCE
from avatar.fit.head_fit import HeadFit
from avatar.fit.light import skin_balance
from avatar.fit.visible import occluders
from avatar.head.model import HeadModel
from avatar.maps.fill import vertex_averages
from avatar.maps.photo_light import PhotoLight, solve_photo_light
from avatar.maps.skin import unwrap_photo
from avatar.maps.skin_tone import believed_level
from avatar.maps.texels import Texels, texels_of
from avatar.maps.transfer import Transfer, light_transfer
from avatar.render.openness import smoothed

COARSE = 512
"""Side of the texture in which what vertices show is averaged."""

OTHER_THAN_SKIN = ("lips", "brows", "eyelids", "eye_sockets", "mouth_interior", "ears")
"""Regions whose colour tells little of the light."""

BURNT = 0.97
"""Linear level from which on a pixel is burnt out."""

ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class LitView:
    """A photo's light on the posed head.

    `matte` times albedo, plus `gloss`, is what the camera sees of each vertex, linear RGB;
    `pull` is how luminance of white skin grows as the normal turns towards each axis (head frame),
    `openness` the share of the sky each vertex sees. `footprint` is how many metres of skin a
    pixel shows, about; `error` the typical relative difference between photo and model.
    """

    vertices: Float[Tensor, "verts 3"]
    matte: Float[Tensor, "verts 3"]
    gloss: Float[Tensor, "verts 3"]
    pull: Float[Tensor, "verts 3"]
    openness: Float[Tensor, " verts"]
    seen: Float[Tensor, "verts 3"]
    trust: Float[Tensor, " verts"]
    footprint: float
    error: float


@dataclass(frozen=True, kw_only=True)
class LitViews:
    """All photos' light, and the one tone of skin they agree on, linear RGB."""

    views: tuple[LitView, ...]
    tone: Float[Tensor, "3"]


def light_photos(fit: HeadFit, observations: Sequence[Observation]) -> LitViews:
    """Return the light of every photo, such that skin has one plausible tone in all of them."""
    model = fit.model
    texels = texels_of(model.part("skin"), model.uvs, COARSE)
    bare = plain_skin(model) * (1 - fit.hair.amount if fit.hair is not None else 1.0)
    face = model.region("face")
    start = fit.albedo[face].median(0).values
    tone = start * (believed_level(start) / float(start @ start.new_tensor(LUMINANCE)))
    views = tuple(
        _lit(fit, index, observation, texels, (bare, tone))
        for index, observation in enumerate(observations)
    )
    return LitViews(views=views, tone=tone)


def plain_skin(model: HeadModel) -> Float[Tensor, " verts"]:
    """Return 1 on the face's vertices that have the skin's own colour."""
    skin = model.region("face_wide").clone()
    for region in model.regions:
        if region.name in OTHER_THAN_SKIN:
            skin &= ~region.vertices
    return skin.float()


def _lit(
    fit: HeadFit,
    index: int,
    observation: Observation,
    texels: Texels,
    skin: tuple[Float[Tensor, " verts"], Float[Tensor, "3"]],
) -> LitView:
    model, camera = fit.model, fit.photos[index].camera
    vertices, faces = fit.posed_vertices(index), model.part("skin").faces
    bare, tone = skin
    transfer = light_transfer(vertices, faces, occluders(model), camera.position_in_world)
    view = unwrap_photo(fit, index, observation, texels)
    colors, weights = vertex_averages(texels, view.colors, view.weights)
    missing = len(vertices) - len(weights)
    colors = functional.pad(colors, (0, 0, 0, missing))
    weights = functional.pad(weights, (0, missing))
    weights = (weights / weights[weights > 0].median().clamp_min(1e-9)).clamp(0, 1)
    trust = weights * bare * ((colors.amax(1) < BURNT) & (colors.amin(1) > 0.002))
    if int((trust > 0.3).sum()) < 100:
        trust = weights.clamp_min(1e-3)
    light = _agreeing_light(transfer, (colors, trust), tone)
    luminance = light.radiance @ light.radiance.new_tensor(LUMINANCE)
    reach = (transfer.matte > 1e-4).to(luminance.dtype)
    share = 4.0 / len(luminance)
    pull = (reach * (luminance * share)) @ transfer.directions
    distance = (camera.position_in_world - vertices[model.region("face")]).norm(dim=-1).mean()
    # Light that got under the skin leaves it farther on: shadows have no sharp edges in it.
    return LitView(
        vertices=vertices,
        matte=smoothed(light.matte, faces, rounds=2),
        gloss=light.gloss,
        pull=pull,
        openness=transfer.openness,
        seen=colors,
        trust=trust,
        footprint=float(distance / camera.focal),
        error=light.error,
    )


def _agreeing_light(
    transfer: Transfer,
    seen: tuple[Float[Tensor, "verts 3"], Float[Tensor, " verts"]],
    tone: Float[Tensor, "3"],
) -> PhotoLight:
    """Return the light under which skin has this luminance and a hue that skin has."""
    colors, trust = seen
    light = solve_photo_light(transfer, colors, trust, tone.expand_as(colors))
    luminance = tone.new_tensor(LUMINANCE)
    sure = trust > 0.3 if int((trust > 0.3).sum()) > 100 else trust > 0
    for _ in range(ROUNDS - 1):
        # A hue that no skin has is the light's; the rest of what is off stays albedo.
        found = ((colors - light.gloss) / light.matte.clamp_min(1e-3))[sure].median(0).values
        own = found.clamp_min(1e-3) * skin_balance(found.clamp_min(1e-3))
        own = own * ((tone @ luminance) / (own @ luminance))
        light = solve_photo_light(transfer, colors, trust, own.expand_as(colors))
    return light
