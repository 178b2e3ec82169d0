"""Brows by what the skin shows: frowns move hairs and creases more than they move landmarks.

After a clip is fitted to landmarks, each sample of brows and forehead has a fine brightness that it
shows in most frames (their median, by shot). Every frame's brows then move to where its picture
shows the same, held by what the landmarks' fit was sure of. Pose and all other coefficients stay:
over the whole face, where lips and lids show and hide skin, the same made tracks worse. The pose is
free while the brows are sought, or its error, a millimetre, would be taken for theirs.

Measured on three films of known truth (`tests/benchmarks/bench_track.py`), without and with:
correlation of frowns 0.54 and 0.81, 0.43 and 0.73; of raised brows 0.95 and 0.97, 0.92 and 0.96; of
all else the same. On two real videos, 10 and 8 s, brows move 1.2 and 1.6 times as far and lie as
near to their landmarks (1.90 and 1.91, 0.82 and 0.82 % of the inter-iris distance); on still
stretches the mesh there trembles by 0.17 for 0.15 and 0.05 for 0.05 mm (by 0.34 on the first one
where what texture adds is not averaged over time). A frame takes 13 ms.

Tried and left out: the pose held (frowns 0.76 and 0.38; free 0.75 and 0.49, both at a deviation of
0.06, every second frame, unsmoothed), that deviation (0.03 so gives 0.80 and 0.61), a second round
with the settled frames' texture (no change), and counting the texture as information where curves
are smoothed (frowns 0.84 and 0.72, at twice the jitter and more).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.brow_picture import BrowPicture
from avatar.capture.follow_face import FaceTrace
from avatar.fit.brightness import Brightness
from avatar.fit.residuals.earlier_fit import EarlierFit, earlier_fit
from avatar.fit.residuals.seen_brightness import seen_brightness
from avatar.fit.residuals.skin_texture import TextureEvidence, skin_texture
from avatar.fit.solver import Problem, SolverOptions, Term, minimise
from avatar.fit.state import POSE_SIZE, HeadState, PhotoState, retract
from avatar.fit.video.brow_surface import BROW_INDICES, BrowSurface
from avatar.fit.video.fit_frame import FrameFit, single_state

_RIGHT_CORNER, _LEFT_CORNER = 33, 263

_GREY_LEVEL = 0.005
"""Natural logarithms: about what one of 8 bits' levels is, and no texture."""


@dataclass(frozen=True, kw_only=True)
class BrowTextureOptions:
    """When texture is listened to, and how far it is trusted.

    `least_width` are pixels between the eyes' outer corners; `least_samples` must be seen in a
    frame. From `least_frames` to twice `most_frames` of a shot tell what its skin usually shows, at
    samples that `least_seen` of them show and that differ by `least_contrast` times the noise.
    `deviation` is the least standard deviation, in natural logarithms, of what a frame shows. What
    agrees with the usual by a correlation under `least_agreement` is no skin: a hand, a fringe.
    What texture adds is averaged over `calm` seconds (a Gaussian's deviation).
    """

    least_width: float = 80.0
    least_samples: int = 40
    least_frames: int = 25
    most_frames: int = 100
    least_seen: float = 0.25
    least_contrast: float = 2.0
    least_agreement: float = 0.5
    deviation: float = 0.03
    robust_scale: float = 2.0
    calm: float = 0.07
    iterations: int = 4
    relative_decrease: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """What one frame shows of the brows, and its fit by landmarks."""

    picture: BrowPicture
    fit: FrameFit


@dataclass(frozen=True, kw_only=True)
class _Texture:
    """What a shot's skin usually shows at each sample, NaN where it is hardly seen.

    `deviation` is how far a frame usually is from it.
    """

    template: Float[Tensor, " samples"]
    deviation: float


def brows_by_texture(
    surface: BrowSurface,
    traces: Sequence[FaceTrace | None],
    fits: Sequence[FrameFit | None],
    options: BrowTextureOptions | None = None,
    told: Callable[[float], None] | None = None,
) -> list[FrameFit | None]:
    """Return the fits with brows that agree with the texture too; all else stays as it is.

    Frames that show too little of it stay too. `told` is called with the share that is done.
    """
    options = options or BrowTextureOptions()
    shots = _shots(traces, fits, options)
    result = list(fits)
    if not shots:
        return result
    with torch.no_grad():
        fitter = _BrowFitter(surface, options)
        done, total = 0, sum(len(shot) for shot in shots)
        for shot in shots:
            texture = fitter.learnt(list(shot.values()))
            moves: dict[int, Tensor] = {}
            for row, frame in shot.items():
                move = None if texture is None else fitter.move(frame, texture)
                if move is not None:
                    moves[row] = move
                done += 1
                if told is not None:
                    told(done / total)
            calm = _calmed(moves, traces, options.calm)
            for row, move in calm.items():
                result[row] = _moved(shot[row].fit, move)
    return result


def _calmed(
    moves: dict[int, Float[Tensor, " brows"]], traces: Sequence[FaceTrace | None], seconds: float
) -> dict[int, Float[Tensor, " brows"]]:
    """Return each frame's move averaged over the frames about it.

    The landmarks keep what is fast; what they miss of a frown lasts, and noise does not.
    """
    if not moves:
        return {}
    times = torch.tensor([trace.time for row in moves if (trace := traces[row])])
    together = torch.exp(-0.5 * ((times[:, None] - times) / seconds) ** 2)
    together = together / together.sum(1, keepdim=True)
    return dict(
        zip(
            moves,
            together.to(next(iter(moves.values()))) @ torch.stack([*moves.values()]),
            strict=True,
        )
    )


def _moved(fit: FrameFit, move: Float[Tensor, " brows"]) -> FrameFit:
    brows = list(BROW_INDICES)
    expression = fit.photo.expression.clone()
    expression[brows] = (expression[brows] + move).clamp(0, 1)
    return replace(fit, photo=replace(fit.photo, expression=expression))


def _shots(
    traces: Sequence[FaceTrace | None],
    fits: Sequence[FrameFit | None],
    options: BrowTextureOptions,
) -> list[dict[int, _Frame]]:
    """Return the frames of each shot, by row, whose brows are large enough to tell something.

    Another shot has another light: it is compared with itself alone.
    """
    shots: dict[int, dict[int, _Frame]] = {}
    for row, (trace, fit) in enumerate(zip(traces, fits, strict=True)):
        if trace is None or fit is None or trace.brows is None:
            continue
        if float((trace.points[_RIGHT_CORNER] - trace.points[_LEFT_CORNER]).norm()) < (
            options.least_width
        ):
            continue
        shots.setdefault(trace.shot, {})[row] = _Frame(picture=trace.brows, fit=fit)
    return [shot for shot in shots.values() if len(shot) >= options.least_frames]


class _BrowFitter:
    """Learns what a shot's skin shows, and settles the brows of its frames by it."""

    def __init__(self, surface: BrowSurface, options: BrowTextureOptions) -> None:
        self._surface = surface
        self._options = options
        self._brows = torch.tensor(BROW_INDICES)
        self._rows = torch.cat([torch.arange(POSE_SIZE), POSE_SIZE + self._brows])

    def learnt(self, frames: Sequence[_Frame]) -> _Texture | None:
        """Return what the frames usually show, None where that is not more than noise."""
        values: list[Tensor] = []
        for frame in frames[:: max(1, len(frames) // self._options.most_frames)]:
            brightness, seen = self._surface.look(frame.picture, frame.fit.photo)
            shown = self._shown(frame.fit.photo, brightness)
            values.append(torch.where(seen, shown, torch.nan))
        stacked = torch.stack(values)
        template = stacked.nanmedian(0).values
        known = (~stacked.isnan()).sum(0) >= self._options.least_seen * len(stacked)
        if int(known.sum()) < self._options.least_samples:
            return None
        noise = 1.4826 * float((stacked - template)[:, known].abs().nanmedian())
        if float(template[known].std()) < self._options.least_contrast * max(noise, _GREY_LEVEL):
            return None
        template = torch.where(known, template, torch.nan)
        return _Texture(template=template, deviation=max(self._options.deviation, noise))

    def move(self, frame: _Frame, texture: _Texture) -> Float[Tensor, " brows"] | None:
        """Return how far the frame's brows are from where its texture is, None if it says nothing.

        The pose may move to find them, for it errs by a millimetre; it is not kept: where the head
        is, the whole face says better.
        """
        fit = frame.fit
        brightness, seen = self._surface.look(frame.picture, fit.photo)
        seen &= ~texture.template.isnan()
        if int(seen.sum()) < self._options.least_samples:
            return None
        evidence = TextureEvidence(
            samples=self._surface.samples,
            brightness=brightness,
            template=texture.template,
            seen=seen,
            deviation=texture.deviation,
            coefficients=self._brows,
        )
        problem = self._problem(fit, evidence)
        solution = minimise(
            problem,
            single_state(fit.photo),
            SolverOptions(
                iterations=self._options.iterations,
                relative_decrease=self._options.relative_decrease,
            ),
        )
        found = solution.state.photos[0]
        shown = self._shown(found, brightness)[seen]
        agreement = torch.corrcoef(torch.stack([shown, texture.template[seen]]))[0, 1]
        # A black frame agrees with nothing: its correlation is no number.
        if not float(agreement) >= self._options.least_agreement:
            return None
        return found.expression[self._brows] - fit.photo.expression[self._brows]

    def _problem(self, fit: FrameFit, evidence: TextureEvidence) -> Problem[HeadState]:
        information = fit.information[self._rows][:, self._rows]
        earlier = EarlierFit.of(fit.photo, self._brows, information, self._gradient(fit))
        return Problem(
            terms=[
                Term(name="earlier fit", linearise=partial(earlier_fit, photo=0, earlier=earlier)),
                Term(
                    name="texture",
                    linearise=partial(skin_texture, photo=0, evidence=evidence),
                    robust_scale=self._options.robust_scale,
                ),
            ],
            size=single_state(fit.photo).size,
            retract=retract,
            bounds=_bounds,
        )

    def _gradient(self, fit: FrameFit) -> Float[Tensor, " rows"]:
        """Return the cost's slope where a bound holds it; elsewhere the fit has come to its end."""
        value, slope = fit.photo.expression[self._brows], fit.gradient[POSE_SIZE:][self._brows]
        none = torch.zeros_like(slope)
        held = torch.where(value <= 1e-9, slope.clamp_min(0), none)
        held = torch.where(value >= 1 - 1e-9, slope.clamp_max(0), held)
        return torch.cat([held.new_zeros(POSE_SIZE), held])

    def _shown(self, photo: PhotoState, brightness: Brightness) -> Float[Tensor, " samples"]:
        return seen_brightness(single_state(photo), 0, self._surface.samples, brightness)[0]


def _bounds(state: HeadState) -> tuple[Float[Tensor, " size"], Float[Tensor, " size"]]:
    """Return bounds that hold all but the pose and the brows."""
    expression = state.photos[0].expression
    lower, upper = expression.new_zeros(state.size), expression.new_zeros(state.size)
    pose = state.pose_columns(0)
    lower[pose], upper[pose] = -torch.inf, torch.inf
    brows = state.expression_columns(0)[list(BROW_INDICES)]
    lower[brows] = -expression[list(BROW_INDICES)]
    upper[brows] = 1 - expression[list(BROW_INDICES)]
    return lower, upper
