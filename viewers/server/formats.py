"""The files a head can be exported as: what the page offers."""

from viewers.server.messages import ExportFormat, FormatInfo

TEXTURE_SIZES = (512, 1024, 2048, 4096)
"""Pixels along a side that textures may be exported with."""

_ENDINGS: dict[ExportFormat, str] = {
    "obj": ".zip",
    "splats": " splats.glb",
    "turn": " turn.mp4",
}


def _format(
    name: ExportFormat,
    title: str,
    detail: str,
    *,
    clip: str = "",
    splats: bool = False,
    textures: bool = False,
    slow: bool = False,
) -> FormatInfo:
    return FormatInfo(
        format=name,
        ending=_ENDINGS.get(name, f".{name}"),
        title=title,
        detail=detail,
        takes_clip=clip in ("takes", "needs"),
        needs_clip=clip == "needs",
        needs_splats=splats,
        takes_textures=textures,
        slow=slow,
    )


FORMATS: tuple[FormatInfo, ...] = (
    _format(
        "glb",
        "glTF binary (.glb)",
        "Blender, Unity, Unreal, three.js: 52 morphs, skeleton, materials",
        clip="takes",
        textures=True,
    ),
    _format("avatar", "Avatar (.avatar)", "everything in one file, for this studio"),
    _format(
        "obj", "Wavefront (.obj)", "the neutral head for sculpting tools, zipped", textures=True
    ),
    _format("json", "Report (.json)", "how it was made: cameras, coefficients, warnings"),
    _format("ply", "Splats (.ply)", "the Gaussians at rest, for splat viewers", splats=True),
    _format("spz", "Splats, packed (.spz)", "the same, a tenth of the size", splats=True),
    _format("splats", "Splats in glTF (.glb)", "the same as KHR_gaussian_splatting", splats=True),
    _format(
        "csv", "Live Link Face (.csv)", "the performance, as the iPhone app writes it", clip="needs"
    ),
    _format("npz", "NumPy arrays (.npz)", "the performance, for Python", clip="needs"),
    _format("mp4", "Film (.mp4)", "the head performing, with sound", clip="needs", slow=True),
    _format("webm", "Film (.webm)", "the same for web pages", clip="needs", slow=True),
    _format("turn", "Turning light (.mp4)", "six seconds, a studio's lamps go round it", slow=True),
)


def format_info(name: ExportFormat) -> FormatInfo:
    """Return what is known of a format."""
    return next(info for info in FORMATS if info.format == name)
