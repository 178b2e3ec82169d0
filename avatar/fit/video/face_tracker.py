"""Tracks a face frame by frame, as fast as the frames come: for webcams and other live sources."""

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType

import torch
from jaxtyping import Float
from torch import Tensor

from avatar.capture.follow_face import FaceFollower, FaceTrace, FollowOptions
from avatar.capture.read_video import VideoFrame
from avatar.core.transform import Transform
from avatar.fit.lids import LidOpening
from avatar.fit.residuals.motion_prior import Motion
from avatar.fit.video.fit_frame import FrameFit, FrameFitter, FrameWeights
from avatar.fit.video.one_euro import WEIGHTS, OneEuro, PoseFilter
from avatar.fit.video.person import Person, calibrate_person
from avatar.head.model import HeadModel

_KEPT = 300
"""Traces remembered for calibration."""

_LIDS_EVERY = 60
"""Frames after which the lids' opening is learnt anew."""

_QUICK = FrameWeights(iterations=4, relative_decrease=1e-2)
"""A frame starts where the one before ended: stopping early changes coefficients by 0.006 (rms) and
saves a fifth of the time."""

_EXPRESSION_STEP, _ROTATION_STEP, _TRANSLATION_STEP = 0.15, 0.08, 0.015
"""Standard deviations of what a frame may differ from the one before: coefficients, rad, metres."""


@dataclass(frozen=True, kw_only=True)
class TrackerOptions:
    """How to track live.

    `calibrate_at` are the seconds since the face was first seen at which the person's shape and
    the camera are solved anew, from the `keyframes` that differ most; after the last one they stay.
    `background` does so on a second thread, without holding a frame up.
    """

    face: int = 1
    views: int = 1
    fov: float | None = None
    calibrate_at: tuple[float, ...] = (1.0, 3.0, 8.0)
    keyframes: int = 6
    background: bool = True


@dataclass(frozen=True, kw_only=True)
class TrackedFace:
    """One frame's face.

    `weights` are the 52 ARKit coefficients, `camera_from_head` the pose (metres, OpenCV camera
    frame), both filtered; `gaze` as in `PhotoFit`; `residual` the mean landmark error as a fraction
    of the inter-iris distance; `seconds` what each stage took.
    """

    time: float
    weights: Float[Tensor, "52"]
    camera_from_head: Transform
    gaze: Float[Tensor, "2 2"]
    residual: float
    seconds: dict[str, float] = field(default_factory=dict[str, float])


class FaceTracker:
    """Follows one face and fits a person to it; use it in a `with` block, or `close` it.

    Adds no delay of frames; the filter lags by `WEIGHTS.lag()` seconds behind slow motion and by a
    few milliseconds behind fast one.
    """

    def __init__(self, model: HeadModel, options: TrackerOptions | None = None) -> None:
        self.options = options or TrackerOptions()
        self._model = model
        self._follower = FaceFollower(
            FollowOptions(face=self.options.face, views=self.options.views)
        )
        self._worker = ThreadPoolExecutor(1) if self.options.background else None
        self._pending: Future[Person] | None = None
        self._traces: list[FaceTrace] = []
        self._lids: deque[Tensor] = deque(maxlen=_KEPT)
        self._fitter: FrameFitter | None = None
        self._before: FrameFit | None = None
        self._weights: OneEuro | None = None
        self._pose: PoseFilter | None = None
        self._first_seen: float | None = None
        self._calibrations = 0
        self._until_lids = _LIDS_EVERY

    def __enter__(self) -> "FaceTracker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the second thread."""
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)

    @property
    def person(self) -> Person | None:
        """The person as calibrated so far, None before a face was seen."""
        return None if self._fitter is None else self._fitter.person

    def track(self, frame: VideoFrame) -> TrackedFace | None:
        """Return the face in the next frame, None where it is not to be seen."""
        start = time.perf_counter()
        trace = self.follow(frame)
        followed = time.perf_counter() - start
        face = self.fit(trace)
        return face and replace(face, seconds={"follow": followed, **face.seconds})

    def follow(self, frame: VideoFrame) -> FaceTrace | None:
        """Return where the face's points are: the first half of `track`.

        May run on one thread while `fit`, the second half, runs on another for the frame before.
        """
        return self._follower.follow(frame)

    def fit(self, trace: FaceTrace | None) -> TrackedFace | None:
        """Return the face that the points belong to, None for none: the second half of `track`."""
        start = time.perf_counter()
        if trace is None:
            self._before = self._weights = self._pose = None
            return None
        self._remember(trace)
        self._calibrate(trace)
        fitter = self._fitter
        if fitter is None:
            raise AssertionError("the first trace calibrates")
        calibrated = time.perf_counter()
        before = None if trace.found else self._before
        fit = fitter.fit(
            trace,
            None if before is None else before.photo,
            None if before is None else _expected(before),
        )
        self._before = fit
        self._watch_lids(fit)
        iris = float((trace.points[468, :2] - trace.points[473, :2]).norm())
        weights, pose = self._filtered(trace.time, fit)
        done = time.perf_counter()
        return TrackedFace(
            time=trace.time,
            weights=weights,
            camera_from_head=pose,
            gaze=fit.gaze,
            residual=fit.residual / max(iris, 1e-6),
            seconds={"calibrate": calibrated - start, "fit": done - calibrated},
        )

    def _remember(self, trace: FaceTrace) -> None:
        self._traces.append(trace)
        if len(self._traces) > _KEPT:
            # Every second of the older half: what is recent stays dense.
            half = _KEPT // 2
            self._traces = self._traces[:half:2] + self._traces[half:]

    def _watch_lids(self, fit: FrameFit) -> None:
        """Learn now and then from the last frames how this person's lids open."""
        self._lids.append(fit.lid_ratios)
        self._until_lids -= 1
        if self._until_lids <= 0 and self._fitter is not None:
            self._until_lids = _LIDS_EVERY
            opening = LidOpening.of(torch.stack(list(self._lids)))
            self._fitter = FrameFitter(self._fitter.person, _QUICK, opening)

    def _calibrate(self, trace: FaceTrace) -> None:
        """Calibrate when it is time, and take over what the second thread has finished."""
        if self._first_seen is None:
            self._first_seen = trace.time
            self._use(calibrate_person([trace], self._model, self.options.fov))
            return
        if self._pending is not None:
            if self._pending.done():
                self._use(self._pending.result())
                self._pending = None
            return
        times = self.options.calibrate_at
        if self._calibrations >= len(times):
            return
        if trace.time - self._first_seen < times[self._calibrations]:
            return
        self._calibrations += 1
        traces = list(self._traces)
        calibrate = partial(
            calibrate_person, traces, self._model, self.options.fov, most=self.options.keyframes
        )
        if self._worker is None:
            self._use(calibrate())
        else:
            self._pending = self._worker.submit(calibrate)

    def _use(self, person: Person) -> None:
        self._fitter = FrameFitter(person, _QUICK)
        self._lids.clear()
        self._until_lids = _LIDS_EVERY
        # Depth and expression belong to the former camera and shape.
        self._before = None

    def _filtered(self, now: float, fit: FrameFit) -> tuple[Float[Tensor, "52"], Transform]:
        weights, pose = fit.photo.expression, fit.photo.camera_from_head
        if self._weights is None or self._pose is None:
            self._weights = OneEuro.start(now, weights)
            self._pose = PoseFilter.start(now, pose)
        else:
            self._weights = self._weights.next(now, weights, WEIGHTS)
            self._pose = self._pose.next(now, pose)
        return self._weights.value.clamp(0, 1).float(), self._pose.pose


def _expected(before: FrameFit) -> Motion:
    expression = before.photo.expression
    return Motion(
        camera_from_head=before.photo.camera_from_head,
        expression=expression,
        rotation_deviation=_ROTATION_STEP,
        translation_deviation=_TRANSLATION_STEP,
        expression_deviations=torch.full_like(expression, _EXPRESSION_STEP),
    )
