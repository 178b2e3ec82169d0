from avatar.core.arkit import ARKIT_INDEX


def test_tongue_rests_behind_the_teeth_and_comes_out_well_before_the_lips(source, reference, parts):
    tongue = parts["tongue"]
    teeth = parts["teeth_upper"].vertices
    assert tongue.vertices[:, 2].max() < teeth[:, 2].max() - 0.006
    out = tongue.vertices + tongue.expression[ARKIT_INDEX["tongueOut"]]
    skin = reference + source.expressions[ARKIT_INDEX["tongueOut"]]
    body = source.group("body").vertices
    middle = skin[body][skin[body, 0].abs() < 0.004]
    lips = middle[(middle[:, 1] > -0.085) & (middle[:, 1] < -0.065), 2].max()
    assert out[:, 2].max() > lips + 0.01


def test_tongue_is_symmetric_and_sinks_with_the_jaw(parts):
    tongue = parts["tongue"]
    assert abs(tongue.vertices[:, 0].max() + tongue.vertices[:, 0].min()) < 2e-5
    opened = tongue.expression[ARKIT_INDEX["jawOpen"]]
    tip = tongue.vertices[:, 2].argmax()
    assert opened[tip, 1] < -0.015
