"""Robust Levenberg-Marquardt within bounds; energy terms are pure residuals, weights live here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

State = TypeVar("State")


@dataclass(frozen=True, kw_only=True)
class Linearised:
    """Residuals and their Jacobian by a subset of the step's entries.

    `columns` says which entries of the step the Jacobian's columns belong to, each at most once.
    """

    residual: Float[Tensor, " rows"]
    jacobian: Float[Tensor, "rows columns"]
    columns: Int[Tensor, " columns"]


@dataclass(frozen=True, kw_only=True)
class Term(Generic[State]):
    """One energy term: `weight / 2 * sum(rho(residual))`.

    With `robust_scale` s, groups of `group` consecutive rows share Cauchy's
    `rho = s^2 log(1 + |r|^2 / s^2)`: twice the negative log-likelihood's shape of a Student t, so
    a few wrong rows lose their say gradually. Without it, rho is the square.
    """

    name: str
    linearise: Callable[[State], Linearised]
    weight: float = 1.0
    robust_scale: float | None = None
    group: int = 1


@dataclass(frozen=True, kw_only=True)
class SolverOptions:
    """When to stop, and the damping to start with (relative to the Hessian's diagonal)."""

    iterations: int = 30
    relative_decrease: float = 1e-4
    damping: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class Solution(Generic[State]):
    """Where the solver stopped, with cost, gradient and Gauss-Newton Hessian there, and steps."""

    state: State
    cost: float
    gradient: Float[Tensor, " size"]
    hessian: Float[Tensor, "size size"]
    iterations: int


@dataclass(frozen=True, kw_only=True)
class Problem(Generic[State]):
    """What to minimise over a state that moves by steps of `size` numbers.

    `retract(state, step)` applies a step; `bounds(state)` are the least and greatest step allowed,
    infinite where free.
    """

    terms: Sequence[Term[State]]
    size: int
    retract: Callable[[State, Float[Tensor, " size"]], State]
    bounds: Callable[[State], tuple[Float[Tensor, " size"], Float[Tensor, " size"]]]


def minimise(
    problem: Problem[State], start: State, options: SolverOptions | None = None
) -> Solution[State]:
    """Minimise the sum of the problem's terms from `start` (Nielsen's damping, 1999)."""
    options = SolverOptions() if options is None else options
    state, damping, growth = start, options.damping, 2.0
    cost, gradient, hessian = normal_equations(problem, state)
    taken = options.iterations
    for iteration in range(options.iterations):
        lower, upper = problem.bounds(state)
        damped = hessian + damping * torch.diag(hessian.diagonal().clamp_min(1e-12))
        step = bounded_step(damped, gradient, lower, upper)
        candidate = problem.retract(state, step)
        new_cost, new_gradient, new_hessian = normal_equations(problem, candidate)
        predicted = -float(gradient @ step + 0.5 * step @ (hessian @ step))
        if new_cost < cost:
            gain = (cost - new_cost) / max(predicted, 1e-30)
            damping = max(damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 1e-9)
            decrease = (cost - new_cost) / max(cost, 1e-30)
            state, cost, growth = candidate, new_cost, 2.0
            gradient, hessian = new_gradient, new_hessian
            if decrease < options.relative_decrease:
                taken = iteration + 1
                break
        else:
            damping, growth = damping * growth, growth * 2
            hopeless = 0 <= predicted < options.relative_decrease * 1e-3 * cost
            if damping > 1e8 or hopeless:
                taken = iteration + 1
                break
    return Solution(state=state, cost=cost, gradient=gradient, hessian=hessian, iterations=taken)


def normal_equations(
    problem: Problem[State], state: State
) -> tuple[float, Float[Tensor, " size"], Float[Tensor, "size size"]]:
    """Return cost, gradient and Gauss-Newton Hessian, robust terms reweighted (Triggs 2000)."""
    cost = 0.0
    gradient: Tensor | None = None
    hessian: Tensor | None = None
    for term in problem.terms:
        linear = term.linearise(state)
        if gradient is None or hessian is None:
            # Terms with many rows come in single precision; the sums are kept in double.
            gradient = torch.zeros(problem.size, dtype=torch.float64)
            hessian = torch.zeros(problem.size, problem.size, dtype=torch.float64)
        row_weight, value = robust_weights(linear.residual, term)
        cost += 0.5 * term.weight * value
        scaled = linear.jacobian * (term.weight * row_weight)[:, None]
        gradient.index_add_(0, linear.columns, (scaled.T @ linear.residual).double())
        block = hessian[linear.columns]
        block.index_add_(1, linear.columns, (scaled.T @ linear.jacobian).double())
        hessian[linear.columns] = block
    if gradient is None or hessian is None:
        raise ValueError("terms: expected at least one, got none")
    return cost, gradient, hessian


def robust_weights(
    residual: Float[Tensor, " rows"], term: Term[State]
) -> tuple[Float[Tensor, " rows"], float]:
    """Return each row's weight (derivative of rho by the squared residual) and the sum of rho."""
    if term.robust_scale is None:
        return torch.ones_like(residual), float((residual * residual).sum())
    squared = (residual * residual).unflatten(0, (-1, term.group)).sum(1)
    ratio = squared / term.robust_scale**2
    weight = (1 / (1 + ratio)).repeat_interleave(term.group)
    return weight, float(term.robust_scale**2 * ratio.log1p().sum())


def bounded_step(
    hessian: Float[Tensor, "size size"],
    gradient: Float[Tensor, " size"],
    lower: Float[Tensor, " size"],
    upper: Float[Tensor, " size"],
) -> Float[Tensor, " size"]:
    """Minimise the quadratic model within bounds by an active set (projected Newton).

    Entries that would leave their bound are pinned to it, and set free again when the model's
    gradient pulls them back in.
    """
    step = torch.zeros_like(gradient)
    pinned = ((lower >= 0) & (gradient > 0)) | ((upper <= 0) & (gradient < 0))
    for attempt in range(60):
        step = _solve_free(hessian, gradient, step, pinned)
        outside = ~pinned & ((step < lower) | (step > upper))
        step = torch.minimum(torch.maximum(step, lower), upper)
        if bool(outside.any()):
            pinned = pinned | outside
            continue
        slope = gradient + hessian @ step
        pull = torch.where(step <= lower, -slope, slope) * pinned * (upper > lower)
        released = pull > 1e-9 * gradient.abs().max()
        if not bool(released.any()):
            break
        if attempt >= 10:
            # Releasing many at once may go round in circles; one at a time does not.
            released = torch.zeros_like(released).index_fill_(0, pull.argmax(), True)  # noqa: FBT003
        pinned = pinned & ~released
    return step


def _solve_free(
    hessian: Float[Tensor, "size size"],
    gradient: Float[Tensor, " size"],
    step: Float[Tensor, " size"],
    pinned: Bool[Tensor, " size"],
) -> Float[Tensor, " size"]:
    """Solve for the free entries with the pinned ones held at `step`."""
    free = (~pinned).nonzero()[:, 0]
    held = torch.where(pinned, step, torch.zeros_like(step))
    right = -(gradient + hessian @ held)[free]
    factor = torch.linalg.cholesky(hessian[free][:, free])
    held[free] = torch.cholesky_solve(right[:, None], factor)[:, 0]
    return held
