"""What was believed of the identity: by the model's prior, its coefficients are standard normal."""

from avatar.fit.identity_belief import IdentityBelief
from avatar.fit.solver import Linearised
from avatar.fit.state import HeadState


def identity_prior(state: HeadState, belief: IdentityBelief | None = None) -> Linearised:
    """Return the identity's coefficients less the belief's mean, over its deviations.

    Without a belief it is the model's own prior.
    """
    own = belief or IdentityBelief.of_model(len(state.identity))
    root = own.root.to(state.identity)
    return Linearised(
        residual=root @ (state.identity - own.mean.to(state.identity)),
        jacobian=root,
        columns=state.identity_columns(),
    )
