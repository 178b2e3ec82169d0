"""How much light reaches the vertices: known for some openings of the jaw, refined at rest.

Following light takes tenths of a second, so it is done on a thread; until it is done, what is known
of the light before stands in.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from avatar.core.avatar import Avatar
from avatar.create.newest import Newest
from avatar.render.film_scene import JAWS, between_jaws, jaw_weights
from avatar.render.light import Lamp, Light
from avatar.render.openness import lamp_share, openness
from avatar.render.scene import Scene, prepare_scene
from viewers.desktop.poser import PosedHead

MOST_LAMPS = 6
"""As `shaders/shade.glsl` has it."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """The share of the sky, and of each lamp, that vertices see; 1 for lamps there are not."""

    openness: Float[np.ndarray, " verts"]
    shares: Float[np.ndarray, "verts 6"]


@dataclass(frozen=True, kw_only=True)
class _Order:
    """A light whose shadows are wanted: for all openings of the jaw, or for one pose."""

    light: Light
    posed: PosedHead | None


class Shadows:
    """The light on one head; `changed` is set whenever something better is known."""

    def __init__(self, avatar: Avatar) -> None:
        self.scene = prepare_scene(avatar)
        self.changed = threading.Event()
        self._avatar = avatar
        self._jaws: list[Scene] = [self.scene]
        self._known: dict[tuple[int, tuple[float, ...]], Float[np.ndarray, " verts"]] = {}
        self._table: list[Reached] = [_open(self.scene)]
        self._exact: tuple[PosedHead, Reached] | None = None
        self._orders: Newest[_Order] = Newest()
        self._thread: threading.Thread | None = None

    def at(self, weights: Float[torch.Tensor, "52"], posed: PosedHead) -> Reached:
        """Return what is known by now of a pose."""
        exact = self._exact
        if exact is not None and exact[0] is posed:
            return exact[1]
        table = self._table
        if len(table) < len(JAWS):
            return table[0]
        low, share = between_jaws(weights)
        one, other = table[low], table[low + 1]
        return Reached(
            openness=one.openness + share * (other.openness - one.openness),
            shares=one.shares + np.float32(share) * (other.shares - one.shares),
        )

    def learn(self, light: Light) -> None:
        """Follow a light for all openings of the jaw, now."""
        self._learn(light)

    def follow(self, posed: PosedHead, light: Light) -> None:
        """Follow a light for this very pose, now."""
        vertices, normals = torch.from_numpy(posed.vertices), torch.from_numpy(posed.normals)
        faces = self.scene.opaque.faces
        shares = [
            lamp_share(vertices, normals, faces, lamp).numpy() if lamp.shadow else None
            for lamp in light.lamps
        ]
        sky = openness(vertices, normals, faces).numpy()
        self._exact = posed, _reached(sky, shares)
        self.changed.set()

    def learn_soon(self, light: Light) -> None:
        """Follow a light for all openings of the jaw on the thread."""
        self._order(_Order(light=light, posed=None))

    def follow_soon(self, posed: PosedHead, light: Light) -> None:
        """Follow a light for this very pose on the thread."""
        self._order(_Order(light=light, posed=posed))

    def close(self) -> None:
        """End the thread."""
        self._orders.close()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _order(self, order: _Order) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        self._orders.put(order)

    @torch.no_grad()
    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            if order.posed is None:
                self._learn(order.light)
            else:
                self.follow(order.posed, order.light)

    @torch.no_grad()
    def _learn(self, light: Light) -> None:
        table: list[Reached] = []
        for place, jaw in enumerate(JAWS):
            if place == len(self._jaws):
                weights = jaw_weights(jaw, self._avatar.mesh.vertices)
                self._jaws.append(self.scene.moved(self._avatar.pose(weights)))
            scene = self._jaws[place]
            shares = [self._share(place, scene, lamp) for lamp in light.lamps]
            table.append(_reached(scene.openness.numpy(), shares))
            if len(self._table) < len(JAWS):
                # The first light of all: better a mouth that is shaded as if closed than none.
                self._table = table[:1]
                self.changed.set()
        self._table = table
        self._exact = None
        self.changed.set()

    def _share(self, place: int, scene: Scene, lamp: Lamp) -> Float[np.ndarray, " verts"] | None:
        if not lamp.shadow:
            return None
        key = place, (*lamp.direction.tolist(), lamp.radius)
        if key not in self._known:
            if len(self._known) > 8 * len(JAWS) * MOST_LAMPS:
                self._known.clear()
            share = lamp_share(scene.vertices, scene.normals, scene.opaque.faces, lamp)
            self._known[key] = share.numpy()
        return self._known[key]


def _open(scene: Scene) -> Reached:
    return _reached(scene.openness.numpy(), ())


def _reached(
    sky: Float[np.ndarray, " verts"], shares: Sequence[Float[np.ndarray, " verts"] | None]
) -> Reached:
    whole = np.ones((len(sky), MOST_LAMPS), np.float32)
    for column, share in enumerate(shares):
        if share is not None:
            whole[:, column] = share
    return Reached(openness=sky, shares=whole)
