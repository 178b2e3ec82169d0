"""Photos to a rigged, relightable 3D head, on a laptop CPU.

    import avatar

    head = avatar.reconstruct(["left.jpg", "front.jpg", "right.jpg"])
    avatar.export_glb(head, "head.glb")
    head.save("head.avatar")

Names are loaded when first used, so that importing this package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar.animation.relight_options import RelightOptions as RelightOptions
    from avatar.capture.read_video import VideoFrame as VideoFrame
    from avatar.core.avatar import Avatar as Avatar
    from avatar.core.clip import Clip as Clip
    from avatar.core.errors import AvatarError as AvatarError
    from avatar.create.edit import edit as edit
    from avatar.create.edit_options import EditOptions as EditOptions
    from avatar.create.options import ReconstructOptions as ReconstructOptions
    from avatar.create.prepare_take import prepare_take as prepare_take
    from avatar.create.reconstruct import reconstruct as reconstruct
    from avatar.create.relight import relight as relight
    from avatar.create.speak import speak as speak
    from avatar.create.track_options import TrackOptions as TrackOptions
    from avatar.create.track_video import track_video as track_video
    from avatar.create.train import train as train
    from avatar.export.glb import GlbOptions as GlbOptions
    from avatar.export.glb import export_glb as export_glb
    from avatar.fit.video.face_tracker import FaceTracker as FaceTracker
    from avatar.gaussian.options import TrainOptions as TrainOptions
    from avatar.head.registry import load_model as load_model
    from avatar.speech.options import SpeakOptions as SpeakOptions
    from avatar.speech.sound import Sound as Sound

_HOMES = {
    "Avatar": "avatar.core.avatar",
    "AvatarError": "avatar.core.errors",
    "Clip": "avatar.core.clip",
    "EditOptions": "avatar.create.edit_options",
    "FaceTracker": "avatar.fit.video.face_tracker",
    "GlbOptions": "avatar.export.glb",
    "ReconstructOptions": "avatar.create.options",
    "edit": "avatar.create.edit",
    "export_glb": "avatar.export.glb",
    "load_model": "avatar.head.registry",
    "prepare_take": "avatar.create.prepare_take",
    "reconstruct": "avatar.create.reconstruct",
    "RelightOptions": "avatar.animation.relight_options",
    "relight": "avatar.create.relight",
    "Sound": "avatar.speech.sound",
    "SpeakOptions": "avatar.speech.options",
    "TrackOptions": "avatar.create.track_options",
    "TrainOptions": "avatar.gaussian.options",
    "VideoFrame": "avatar.capture.read_video",
    "speak": "avatar.create.speak",
    "track_video": "avatar.create.track_video",
    "train": "avatar.create.train",
}

__all__ = [
    "Avatar",
    "AvatarError",
    "Clip",
    "EditOptions",
    "FaceTracker",
    "GlbOptions",
    "ReconstructOptions",
    "RelightOptions",
    "Sound",
    "SpeakOptions",
    "TrackOptions",
    "TrainOptions",
    "VideoFrame",
    "edit",
    "export_glb",
    "load_model",
    "prepare_take",
    "reconstruct",
    "relight",
    "speak",
    "track_video",
    "train",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Load a public name when it is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'avatar' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__
