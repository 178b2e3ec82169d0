"""One check for every residual: its Jacobian against central differences of its own values."""

import torch

from avatar.fit.state import retract


def assert_jacobian_right(linearise, state, tolerance=1e-5):
    linear = linearise(state)
    numeric = torch.zeros_like(linear.jacobian)
    for column, entry in enumerate(linear.columns.tolist()):
        step = torch.zeros(state.size, dtype=torch.float64)
        step[entry] = 1e-5
        ahead = linearise(retract(state, step)).residual
        behind = linearise(retract(state, -step)).residual
        numeric[:, column] = (ahead - behind) / 2e-5
    scale = numeric.abs().max().clamp_min(1e-9)
    assert len(set(linear.columns.tolist())) == len(linear.columns)
    assert float((linear.jacobian - numeric).abs().max() / scale) < tolerance
