"""Tests that state facts; `typechecker` is how they check annotations."""

from tests import typechecker as typechecker
