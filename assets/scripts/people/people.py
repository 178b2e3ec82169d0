"""Synthetic people with every truth: shots of one person, clean and occluded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from families import Family, Person
from picture import (
    Layers,
    Subject,
    backdrop,
    developed,
    draw_layers,
    linear_of,
    shaded,
    shrunk,
)
from props import Prop, collar, glasses, hair, hand, mask
from surroundings import Surroundings, random_camera, random_surroundings
from synthetic_faces import random_expression
from torch import Tensor
from wardrobe import Paint, paint

from avatar.core.camera import Camera
from avatar.core.mesh import vertex_normals
from avatar.render.openness import openness

SIZE = 224
LOOKS = 2
"""Paints a shard has of each family: they take longest."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture of a person and what is true of it.

    `pixels` is 8-bit sRGB; `camera` has the person's own head frame as its world. `light` are
    harmonics as the picture shows them, `exposure` (a factor) included. `covered_face` is the
    share of the face behind occluders.
    """

    pixels: Tensor
    camera: Camera
    expression: Tensor
    vertices: Tensor
    person: Person
    paint: Paint
    surroundings: Surroundings
    light: Tensor
    exposure: float
    covered_face: float
    layers: Layers
    subject: Subject

    @property
    def linear(self) -> Tensor:
        """The picture in linear RGB."""
        return linear_of(self.pixels)


class People:
    """Draws people of some families; the same seed gives the same people."""

    def __init__(self, families: tuple[Family, ...], seed: int) -> None:
        self.families = families
        self.seed = seed
        self.generator = torch.Generator().manual_seed(seed)
        self.looks = [
            [paint(family, 1000 * seed + number) for number in range(LOOKS)] for family in families
        ]

    def pairs(self) -> Iterator[tuple[Shot, Shot]]:
        """Give pairs of shots of one person without end.

        The second shows the very scene with an occluder, or another scene with one now and then.
        """
        while True:
            number = int(self._uniform() * len(self.families))
            family = self.families[number]
            person = family.draw(self.generator)
            look = self.looks[number][int(self._uniform() * LOOKS)]
            first = self._scene(family, person, look)
            same = self._uniform() < 0.5
            second = first if same else self._scene(family, person, look)
            if same or self._uniform() < 0.3:
                props = (*second.subject.props, self._occluder(second.subject))
                second = replace(second, subject=replace(second.subject, props=props))
            yield self._shot(first, person), self._shot(second, person)

    def _scene(self, family: Family, person: Person, look: Paint) -> "_Scene":
        model, generator = family.model, self.generator
        expression = random_expression(generator, 0.7 * self._uniform())
        displaced = torch.tensordot(expression, model.expression_basis, dims=1)
        vertices = person.neutral + displaced
        skin = model.part("skin").faces
        # Shape no model has: up to a few tenths of a millimetre in and out.
        bumps = 0.0003 * self._uniform() * _plane_waves(model.template, generator)
        vertices = vertices + vertex_normals(vertices, skin) * bumps[:, None]
        props: list[Prop] = hair(family, vertices, look.hair, generator)
        if self._uniform() < 0.6:
            props.append(collar(vertices, generator))
        if self._uniform() < 0.12:
            props.append(self._glasses(family, vertices))
        subject = Subject(
            family=family,
            vertices=vertices,
            paint=look,
            openness=_template_openness(family),
            props=tuple(props),
        )
        return _Scene(
            subject=subject,
            expression=expression,
            camera=random_camera(generator, SIZE),
            surroundings=random_surroundings(generator),
        )

    def _shot(self, scene: "_Scene", person: Person) -> Shot:
        around, subject = scene.surroundings, scene.subject
        # Shadows take a quarter of the time: one light in three casts them.
        lamp = around.lobes[0].direction if around.lobes and self._uniform() < 0.3 else None
        layers = draw_layers(subject, scene.camera, lamp)
        behind = backdrop(layers.covered.shape[0], around, self.generator)
        covered = layers.covered[..., None]
        linear = shrunk(shaded(layers, around) * covered + behind * (1 - covered), SIZE)
        skin = shrunk(layers.skin[..., None], SIZE)[..., 0]
        pixels, key = developed(linear, skin, self.generator)
        return Shot(
            pixels=pixels,
            camera=scene.camera,
            expression=scene.expression,
            vertices=subject.vertices,
            person=person,
            paint=subject.paint,
            surroundings=around,
            light=around.light * key,
            exposure=key,
            covered_face=_covered_face(subject, scene.camera, layers),
            layers=layers,
            subject=subject,
        )

    def _occluder(self, subject: Subject) -> Prop:
        draw = self._uniform()
        if draw < 0.3:
            return self._glasses(subject.family, subject.vertices)
        if draw < 0.6:
            return mask(subject.family, subject.vertices, self.generator)
        skin = subject.paint.albedo.mean((0, 1)) if draw < 0.9 else torch.rand(3)
        return hand(subject.vertices, skin, self.generator)

    def _glasses(self, family: Family, vertices: Tensor) -> Prop:
        model = family.model
        joints = [model.joint_names.index(name) for name in ("eye_left", "eye_right")]
        eyes = model.joint_regressor[joints] @ vertices
        face = vertices[model.region("nose")]
        return glasses(face, eyes, self.generator)

    def _uniform(self) -> float:
        return float(torch.rand(1, generator=self.generator))


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """A subject before a camera, not yet pictured."""

    subject: Subject
    expression: Tensor
    camera: Camera
    surroundings: Surroundings


@lru_cache(maxsize=4)
def _template_openness(family: Family) -> Tensor:
    """Return the open sky of the family's mean head, which stands in for everybody's."""
    model = family.model
    faces = torch.cat([p.faces for p in model.parts if not p.name.startswith(("cornea", "lashes"))])
    return openness(model.template, vertex_normals(model.template, faces), faces)


def _covered_face(subject: Subject, camera: Camera, layers: Layers) -> float:
    """Return the share of the face's points that lie behind occluders, of those that face us."""
    model = subject.family.model
    face = model.region("face").nonzero()[::5, 0]
    normals = vertex_normals(subject.vertices, model.part("skin").faces)[face]
    towards = camera.position_in_world - subject.vertices[face]
    side = layers.hidden.shape[0]
    places, _ = camera.resized(side, side).project(subject.vertices[face])
    column, row = places.round().long().clamp(0, side - 1).unbind(1)
    front = ((normals * towards).sum(1) > 0).float()
    return float((layers.hidden[row, column] * front).sum() / front.sum().clamp_min(1))


def _plane_waves(points: Tensor, generator: torch.Generator) -> Tensor:
    """Return smooth noise of unit size with waves of one to four centimetres."""
    ways = torch.nn.functional.normalize(torch.randn(16, 3, generator=generator), dim=1)
    lengths = 0.01 + 0.03 * torch.rand(16, 1, generator=generator)
    phase = torch.rand(16, generator=generator) * 6.28
    return (points @ (ways * 6.28 / lengths).T + phase).sin().sum(1) / 8**0.5
