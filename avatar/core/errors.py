"""Every error a user can cause derives from `AvatarError`."""


class AvatarError(Exception):
    """Base of the errors a user can cause; the message says what went wrong and the way out."""


class ImageError(AvatarError):
    """A picture that cannot be read, or that is not a picture this package takes."""


class VideoError(AvatarError):
    """A video that cannot be read, or that is not a video."""


class AudioError(AvatarError):
    """A sound that cannot be read, or that holds nothing to hear."""


class FaceNotFoundError(AvatarError):
    """No usable face in a picture, or fewer faces than the one asked for."""


class ModelError(AvatarError):
    """A head model that is missing, incomplete or not of the stated format."""


class BundleError(AvatarError):
    """An `.avatar` file that is damaged, unsafe, or written by a newer version."""


class OutputError(AvatarError):
    """An output that cannot be written where it was asked for."""


class OptionError(AvatarError):
    """An option whose value makes no sense, alone or beside another."""
