"""What `avatar doctor` tells of the installation: versions, packaged data, licences, cache."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from avatar.core.errors import AvatarError
from avatar.core.finding import Finding
from avatar.files.assets import asset, third_party
from avatar.files.atomic import check_writable, make_folder
from avatar.files.cache import CACHE_VARIABLE, cache_folder
from avatar.files.fetch_third_party import SOURCES


def diagnose() -> tuple[Finding, ...]:
    """Return the findings about versions, packaged data with its licences, and the cache."""
    return (
        _own_version(),
        Finding(name="python", state=platform.python_version(), note=sys.executable),
        *_dependencies(),
        *_third_party_data(),
        _assets(),
        _cache(),
    )


def _own_version() -> Finding:
    licence = "Apache-2.0"
    try:
        return Finding(name="avatar", state=version("avatar"), note=licence)
    except PackageNotFoundError:
        note = f"{licence}; used from a source tree"
        return Finding(name="avatar", state="not installed", note=note)


def _dependencies() -> list[Finding]:
    try:
        required = requires("avatar") or []
    except PackageNotFoundError:
        return []
    names = [_name_of(requirement) for requirement in required if "extra ==" not in requirement]
    return [_dependency(name) for name in names]


def _name_of(requirement: str) -> str:
    for place, letter in enumerate(requirement):
        if not (letter.isalnum() or letter in "-_."):
            return requirement[:place]
    return requirement


def _dependency(name: str) -> Finding:
    try:
        return Finding(name=name, state=version(name))
    except PackageNotFoundError:
        note = f"pip install {name}"
        return Finding(name=name, state="missing", note=note, good=False)


def _third_party_data() -> list[Finding]:
    findings: list[Finding] = []
    for source in SOURCES:
        try:
            folder = third_party(f"{source.name}/LICENSE").parent
        except AvatarError as error:
            findings.append(
                Finding(name=source.requirement, state="missing", note=str(error), good=False)
            )
            continue
        count = sum(path.is_file() for path in folder.rglob("*"))
        note = f"{source.licence}; {folder}"
        findings.append(Finding(name=source.requirement, state=f"{count} files", note=note))
    return findings


def _assets() -> Finding:
    try:
        folder = asset("manifest.toml").parent
    except AvatarError as error:
        return Finding(name="assets", state="missing", note=str(error), good=False)
    count = sum(path.is_file() for path in folder.rglob("*")) - 1
    return Finding(name="assets", state=f"{count} files", note=str(folder))


def _cache() -> Finding:
    folder = cache_folder()
    try:
        make_folder(folder)
        check_writable(folder / "probe")
    except AvatarError as error:
        note = f"{error}; built models are not kept; name another folder in {CACHE_VARIABLE}"
        return Finding(name="cache", state="not writable", note=note, good=False)
    size = sum(_size(path) for path in folder.rglob("*"))
    return Finding(name="cache", state=f"{size / 1e6:.0f} MB", note=str(folder))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # gone in the meantime
        return 0
