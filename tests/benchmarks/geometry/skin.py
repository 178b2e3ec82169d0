"""A plausible painted face for heads that come without texture.

Colours are functions of the position on the neutral template (centimetres, ICT-FaceKit's frame),
so every identity and expression wears the same paint at the same anatomical place. The aim is that
a landmark network sees a person: skin that varies, lips, brows, lid lines, cropped hair, irises.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a subject looks like: linear albedos, and amounts in [0, 1]."""

    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    iris: tuple[float, float, float]
    lips: tuple[float, float, float]
    stubble: float
    hairline: float
    brow_thickness: float
    seed: int


def random_look(rng: np.random.Generator) -> Look:
    """Return a look drawn from a range of skin, hair and eye colours."""
    light, dark = np.array([0.60, 0.36, 0.25]), np.array([0.17, 0.085, 0.048])
    tone = rng.uniform(0, 1) ** 1.3
    skin = light ** (1 - tone) * dark**tone * rng.uniform(0.93, 1.07, 3)
    hairs = [(0.012, 0.009, 0.007), (0.03, 0.018, 0.011), (0.06, 0.033, 0.017), (0.10, 0.06, 0.03)]
    irises = [(0.10, 0.045, 0.018), (0.16, 0.09, 0.035), (0.10, 0.15, 0.10), (0.13, 0.20, 0.28)]
    dark_kind = tone > 0.5
    lips = skin * np.array([0.86, 0.52, 0.55]) * rng.uniform(0.85, 1.1)
    return Look(
        skin=_triple(skin),
        hair=hairs[int(rng.integers(0, 2 if dark_kind else 4))],
        iris=irises[int(rng.integers(0, 2 if dark_kind else 4))],
        lips=_triple(lips),
        stubble=float(rng.choice([0.0, 0.0, 0.25, 0.4])),
        hairline=float(rng.uniform(-0.5, 0.7)),
        brow_thickness=float(rng.uniform(0.75, 1.3)),
        seed=int(rng.integers(0, 2**31)),
    )


def skin_albedo(points: Array, landmarks: Array, look: Look) -> Array:
    """Return the linear albedo (..., 3) of skin at template positions (..., 3)."""
    rng = np.random.default_rng(look.seed)
    skin, shade = np.array(look.skin), _variation(points, rng)
    colour = skin * shade[..., None]
    colour = colour * _blood(points, landmarks)
    colour = _mix(colour, skin * (0.62, 0.55, 0.58), 0.45 * _eye_shadow(points, landmarks))
    beard = look.stubble * _beard(points, landmarks) * (0.55 + 0.9 * _noise(points, 0.05, rng))
    colour = _mix(colour, 0.4 * skin + 0.3 * np.array(look.hair), np.clip(beard, 0, 0.85))
    lip = _lip_mask(points, landmarks)
    streaks = 0.9 + 0.2 * _noise(points * (3.0, 0.7, 1.0), 0.12, rng)
    colour = _mix(colour, np.array(look.lips) * streaks[..., None], 0.9 * lip)
    colour = _mix(colour, skin * (0.12, 0.08, 0.07), 0.9 * _lid_line(points, landmarks))
    brow = _brow_mask(points, landmarks, look.brow_thickness, rng)
    colour = _mix(colour, np.array(look.hair) * 1.2 + 0.004, brow)
    cap = _hair_mask(points, look.hairline, rng)
    strand = 0.55 + 0.9 * _noise(points * (2.5, 0.6, 2.5), 0.12, rng)
    return _mix(colour, np.array(look.hair) * strand[..., None] + 0.003, cap).clip(0.002, 0.9)


def eye_albedo(points: Array, centre: Array, look: Look, iris_radius: float) -> Array:
    """Return the albedo of an eyeball that looks along +Z in the template; radius in cm."""
    rng = np.random.default_rng(look.seed + 1)
    offset = points - centre
    radius = np.hypot(offset[..., 0], offset[..., 1])
    radius = np.where(offset[..., 2] > 0, radius, 9.0)
    angle = np.arctan2(offset[..., 1], offset[..., 0])
    spokes = _noise(np.stack([angle * 4.0, radius, 0 * radius], -1), 0.25, rng)
    white = np.array([0.62, 0.58, 0.55]) * (1 - 0.12 * _step(radius, 0.7, 1.3))[..., None]
    iris = np.array(look.iris) * (0.55 + 0.9 * spokes)[..., None]
    iris = iris * (1 - 0.75 * _step(radius / iris_radius, 0.82, 1.0))[..., None]
    pupil = 1 - _step(radius / iris_radius, 0.33, 0.40)
    colour = _mix(white, iris, 1 - _step(radius / iris_radius, 0.95, 1.06))
    return _mix(colour, np.full(3, 0.003), pupil)


def _variation(points: Array, rng: np.random.Generator) -> Array:
    """Return the brightness of skin: broad, blotchy and pore-sized variation about 1."""
    broad = _noise(points, 4.0, rng) - 0.5
    blotches = _noise(points, 0.9, rng) - 0.5
    pores = _noise(points, 0.07, rng) - 0.5
    moles = _noise(points, 0.22, rng)
    spots = 1 - 0.45 * _step(moles, 0.93, 0.99)
    return (1 + 0.16 * broad + 0.12 * blotches + 0.05 * pores) * spots


def _blood(points: Array, landmarks: Array) -> Array:
    """Return the tint of nose tip, cheeks, chin and ears, where blood shows."""
    centres = [landmarks[30], landmarks[8] + (0, 0.6, 0.5)]
    for side in (-1.0, 1.0):
        centres += [np.array([4.6 * side, 0.3, 8.6]), np.array([8.6 * side, 2.0, 0.5])]
    amount = sum(
        np.exp(-(((points - centre) / radius) ** 2).sum(-1))
        for centre, radius in zip(centres, [1.6, 1.8, 2.4, 2.6, 2.4, 2.6], strict=True)
    )
    amount = np.clip(np.asarray(amount), 0, 1)[..., None]
    return 1 + amount * np.array([0.05, -0.17, -0.14])


def _eye_shadow(points: Array, landmarks: Array) -> Array:
    centres = [landmarks[36:42].mean(0), landmarks[42:48].mean(0)]
    rings = [np.exp(-(((points - c) / (2.3, 1.25, 3.0)) ** 2).sum(-1)) for c in centres]
    return np.maximum(*rings)


def _beard(points: Array, landmarks: Array) -> Array:
    below = 1 - _step(points[..., 1], -2.2, -1.2)
    jaw = 1 - _step(points[..., 1] + 0.45 * np.abs(points[..., 0]), 0.6, 2.2)
    lip_area = _step(_signed_distance(points, landmarks[48:60]), 0.0, 0.25)
    throat = _step(points[..., 1], -11.5, -9.0)
    front = _step(points[..., 2], 0.5, 3.0)
    return (
        np.clip(below + jaw * _step(np.abs(points[..., 0]), 2.0, 5.0), 0, 1)
        * lip_area
        * throat
        * front
    )


def _lip_mask(points: Array, landmarks: Array) -> Array:
    outside = _signed_distance(points, landmarks[48:60])
    front = _step(points[..., 2], 9.0, 9.6)
    return (1 - _step(outside, -0.12, 0.08)) * front


def _lid_line(points: Array, landmarks: Array) -> Array:
    """Return the shadow of the lashes: a line on the upper lid's edge, a fainter one below."""
    front = _step(points[..., 2], 7.5, 8.2)
    upper = [_distance(points, landmarks[rows], closed=False) for rows in _UPPER_LIDS]
    lower = [_distance(points, landmarks[rows], closed=False) for rows in _LOWER_LIDS]
    dark = 1 - _step(np.minimum(*upper), 0.04, 0.13)
    faint = 0.35 * (1 - _step(np.minimum(*lower), 0.02, 0.09))
    return np.maximum(dark, faint) * front


_UPPER_LIDS = ([36, 37, 38, 39], [42, 43, 44, 45])
_LOWER_LIDS = ([39, 40, 41, 36], [45, 46, 47, 42])


def _brow_mask(
    points: Array, landmarks: Array, thickness: float, rng: np.random.Generator
) -> Array:
    masks = []
    for line, inner in ((landmarks[17:22], 21), (landmarks[22:27], 22)):
        distance = _distance(points - (0, -0.12, 0), line, closed=False)
        along = np.abs(points[..., 0] - landmarks[inner, 0])
        width = thickness * (0.42 - 0.05 * along) * (0.75 + 0.25 * _step(along, 0.0, 0.6))
        masks.append(1 - _step(distance / width.clip(0.05), 0.45, 1.15))
    slanted = points @ np.array([[1.0, 0.7, 0], [-0.7, 1.0, 0], [0, 0, 1.0]])
    hairs = _noise(slanted * (0.9, 3.5, 1.0), 0.10, rng)
    mask = np.maximum(*masks) * _step(points[..., 2], 5.5, 6.5)
    return np.clip(mask * (0.25 + 1.25 * hairs), 0, 0.95)


def _hair_mask(points: Array, hairline: float, rng: np.random.Generator) -> Array:
    """Return where cropped hair grows: above a line that dips to the ears and the nape."""
    azimuth = np.degrees(np.arctan2(np.abs(points[..., 0]), points[..., 2] - 0.5))
    line = np.interp(azimuth, [0, 30, 50, 62, 75, 84, 88, 100, 115, 180], _HAIRLINE)
    height = points[..., 1] - line - hairline * (azimuth < 60)
    ragged = 0.9 * (_noise(points, 0.25, rng) - 0.5) + 0.5 * (_noise(points, 1.2, rng) - 0.5)
    return 0.93 * _step(height + ragged, -0.35, 0.45)


_HAIRLINE = [11.0, 11.2, 10.2, 8.6, 6.2, 1.5, 5.8, 6.0, 1.0, -5.5]


def _noise(points: Array, size: float, rng: np.random.Generator) -> Array:
    """Return smooth noise in [0, 1] with features of about `size`, repeating after 48 of them."""
    table = rng.random((48, 48, 48))
    cells = points.reshape(-1, 3).T / size
    values = ndimage.map_coordinates(table, cells, order=1, mode="grid-wrap")
    return values.reshape(points.shape[:-1])


def _distance(points: Array, line: Array, *, closed: bool) -> Array:
    """Return the frontal distance (cm, x and y only) to a polyline."""
    ends = np.roll(line, -1, axis=0) if closed else line[1:]
    starts = line if closed else line[:-1]
    best = np.full(points.shape[:-1], np.inf)
    for start, end in zip(starts[:, :2], ends[:, :2], strict=True):
        edge = end - start
        along = ((points[..., :2] - start) @ edge / (edge @ edge)).clip(0, 1)
        nearest = start + along[..., None] * edge
        best = np.minimum(best, np.linalg.norm(points[..., :2] - nearest, axis=-1))
    return best


def _signed_distance(points: Array, polygon: Array) -> Array:
    """Return the frontal distance to a closed polygon, negative inside (crossing-number test)."""
    x, y = points[..., 0], points[..., 1]
    inside = np.zeros(points.shape[:-1], dtype=bool)
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (start[1] > y) != (end[1] > y)
        rise = end[1] - start[1] if end[1] != start[1] else 1e-9
        inside ^= crosses & (x < (end[0] - start[0]) * (y - start[1]) / rise + start[0])
    distance = _distance(points, polygon, closed=True)
    return np.where(inside, -distance, distance)


def _step(value: Array, low: float, high: float) -> Array:
    ramp = ((value - low) / (high - low)).clip(0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _mix(base: Array, top: Array, amount: Array) -> Array:
    return base + (np.asarray(top) - base) * amount[..., None]


def _triple(values: Array) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
