"""Complete the source's shapes where they move one thing and leave behind what goes with it."""

from dataclasses import replace

from avatar.core.arkit import ARKIT_INDEX
from avatar.head.anny.source import AnnySource

# What is added to a shape, as shares of others of the source's own; {} stands for Left and Right.
_ADDITIONS = {
    # In people and in ARKit's own face the tongue comes out of an open mouth; the lips part by
    # some 8 mm here, enough for the tongue.
    "tongueOut": {"jawOpen": 0.28},
    # Lids go with the gaze: the upper lid by three quarters of the eye's turn down and half of its
    # turn up, the lower lid by a third of its turn down.
    "eyeLookDown{}": {"eyeBlink{}": 0.17, "eyeSquint{}": -0.55},
    "eyeLookUp{}": {"eyeWide{}": 0.55},
}


def with_complete_expressions(source: AnnySource) -> AnnySource:
    """Return the source with lips that open for the tongue and lids that follow the gaze."""
    expressions = source.expressions.clone()
    for shape, additions in _ADDITIONS.items():
        for side in ("Left", "Right") if "{}" in shape else ("",):
            for added, share in additions.items():
                addition = source.expressions[ARKIT_INDEX[added.format(side)]]
                expressions[ARKIT_INDEX[shape.format(side)]] += share * addition
    return replace(source, expressions=expressions)
