"""A mistyped name is told before anything slow is loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

from avatar.cli import main

COMMANDS = {
    "reconstruct": ["{}.jpg", "-o", "head.glb"],
    "landmarks": ["{}.jpg"],
    "speak": ["{}.wav", "-o", "talk.csv"],
    "track": ["{}.mp4", "-o", "take.csv"],
    "drive": ["{}.avatar", "clip.mp4", "-o", "out.glb"],
    "train": ["{}.mp4", "-o", "person.avatar"],
    "render": ["{}.avatar", "-o", "out.png"],
}

PROGRAM = """
import sys
from avatar.cli import main
code = main(sys.argv[1:])
assert "torch" not in sys.modules, "torch was loaded to say that a file is missing"
sys.exit(code)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_file_is_told_without_loading_torch(command: str, tmp_path: Path):
    arguments = [part.format("mistyped") for part in COMMANDS[command]]
    ran = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, command, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2, ran.stderr
    assert "mistyped" in ran.stderr
    assert "no such file" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("avatar ")
