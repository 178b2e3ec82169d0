"""The package is built with its native module: tests must not pass on the slow twins alone."""

import os
import subprocess
import sys

import pytest

from avatar.ops.doctor import diagnose
from avatar.ops.native import native_module


def test_the_native_module_is_there():
    assert native_module() is not None


def test_the_doctor_finds_it_in_order():
    findings = {finding.name: finding for finding in diagnose()}
    assert findings["native module"].good
    assert findings["native module"].state in native_module().instruction_sets()
    assert findings["cuda"].good


def test_an_unknown_instruction_set_is_refused():
    with pytest.raises(ValueError, match="mmx"):
        native_module().use_instruction_set("mmx")


def test_it_can_be_turned_off():
    code = "from avatar.ops.doctor import diagnose; print(diagnose()[0].state, diagnose()[0].note)"
    environment = os.environ | {"AVATAR_NATIVE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "missing turned off by AVATAR_NATIVE=0" in done.stdout
