"""A made-up person is learned; the same seed learns the same; a break changes nothing."""

import pytest
import torch
from torch.testing import assert_close

from avatar.core.errors import BundleError, OptionError
from avatar.core.pose_splats import pose_splats
from avatar.create.train import train
from avatar.gaussian.checkpoint import resume, save_checkpoint
from avatar.gaussian.fit_frame import FrameFitOptions, fit_frame
from avatar.gaussian.frame_choice import frame_order, frame_weights
from avatar.gaussian.options import TrainOptions
from avatar.gaussian.take import matted
from avatar.gaussian.take_file import load_take, save_take
from avatar.gaussian.trainer import Trainer
from avatar.render.draw_splats import draw_splats
from tests.gaussian.scene import made_up_take

OPTIONS = TrainOptions(splats=900, size=64, steps=240, codes=4, seed=3)


@pytest.fixture(scope="module")
def take():
    return made_up_take()


@pytest.fixture(scope="module")
def trained(take):
    trainer = Trainer(take, OPTIONS)
    while not trainer.finished:
        trainer.advance()
    return trainer


def picture_error(trainer, take, frame):
    splats = trainer.splats()
    with torch.no_grad():
        posed = pose_splats(splats, trainer.rig, take.weights[frame], take.head_at(frame))
        drawn = draw_splats(posed, take.camera, torch.ones(3)).features.clamp(0, 1)
    picture, matte = matted(take, frame, (take.camera.width, take.camera.height))
    return float((drawn - picture - (1 - matte)).square().mean())


def test_a_painted_head_is_learned(take, trained):
    before = picture_error(Trainer(take, OPTIONS), take, 2)
    after = picture_error(trained, take, 2)
    assert after < 0.3 * before
    assert after < 10**-2.3


def test_splats_stay_within_their_budget_and_numbers_stay_numbers(trained):
    splats = trained.splats()
    assert 500 < len(splats) <= OPTIONS.splats
    for name in ("means", "scales", "opacities", "colors", "offset_shapes"):
        assert bool(getattr(splats, name).isfinite().all()), name


def test_same_seed_gives_the_same_steps(take):
    def first_steps(seed):
        trainer = Trainer(take, TrainOptions(splats=600, size=64, steps=100, seed=seed))
        for _ in range(4):
            trainer.advance()
        return trainer.scores, trainer.splats().colors

    scores, colors = first_steps(1)
    again, same = first_steps(1)
    assert scores == again
    assert_close(colors, same, rtol=0, atol=0)
    assert first_steps(2)[0] != scores


def test_training_resumed_from_a_checkpoint_ends_as_if_never_stopped(take, tmp_path, monkeypatch):
    # So that splats have come and gone before the break, and do so again after it.
    monkeypatch.setattr("avatar.gaussian.trainer.REGROW_EVERY", 10)
    options = TrainOptions(splats=700, size=64, steps=60, codes=3, seed=5)
    whole, broken = Trainer(take, options), Trainer(take, options)
    for _ in range(25):
        whole.advance()
        broken.advance()
    save_checkpoint(broken, tmp_path / "state")
    mended = Trainer(take, options)
    assert resume(mended, tmp_path / "state")
    assert mended.step == 25
    assert len(mended.splats()) > len(Trainer(take, options).splats())
    for _ in range(10):
        whole.advance()
        mended.advance()
    assert_close(torch.tensor(mended.scores), torch.tensor(whole.scores), rtol=1e-5, atol=1e-4)
    assert_close(mended.splats().colors, whole.splats().colors, rtol=1e-4, atol=1e-5)


def test_checkpoint_of_another_training_is_refused(take, tmp_path):
    trainer = Trainer(take, TrainOptions(splats=600, size=64, steps=100))
    save_checkpoint(trainer, tmp_path / "state")
    other = Trainer(take, TrainOptions(splats=600, size=64, steps=101))
    with pytest.raises(BundleError, match="delete this file to begin anew"):
        resume(other, tmp_path / "state")
    (tmp_path / "state").write_bytes(b"no tensors")
    with pytest.raises(BundleError, match="damaged"):
        resume(trainer, tmp_path / "state")
    assert not resume(trainer, tmp_path / "none")


def test_interrupted_training_keeps_its_state_and_goes_on(take, tmp_path):
    options = TrainOptions(splats=600, size=64, steps=150)
    state = tmp_path / "state"

    def stop(stage, done):
        if done > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(take, options, state, stop)
    assert state.is_file()
    told = []
    avatar = train(take, options, state, lambda stage, done: told.append((stage, done)))
    assert not state.exists()
    assert told[0][1] > 0.3
    assert "dB" in told[-1][0]
    assert avatar.splats is not None
    assert avatar.report["training"]["steps"] == 150


def test_pose_is_found_from_the_picture(take, trained):
    shifted = take.chosen(torch.arange(len(take)))
    turned = take.head_at(4)
    wrong = shifted.posed([3], [(take.weights[3], turned)])
    fitted = fit_frame(
        trained.splats(),
        trained.rig,
        wrong,
        3,
        FrameFitOptions(size=64, rounds=40, expression=False),
    )
    before = (turned.rotation - take.head_at(3).rotation).norm()
    found = fitted.world_from_head
    after = (found.rotation - take.head_at(3).rotation).norm()
    assert float(after) < 0.65 * float(before)


def test_rare_expressions_are_looked_at_more_often(take):
    weights = take.weights.repeat(4, 1)
    weights[5] = 1.0
    many = take.chosen(torch.arange(len(take)).repeat(4)).posed(
        range(40), [(row, take.head_at(0)) for row in weights]
    )
    often = frame_weights(many)
    assert float(often[5]) > 2
    order = frame_order(often, 400, torch.Generator().manual_seed(0))
    assert int((order == 5).sum()) > 1.5 * int((order == 6).sum())


def test_take_comes_back_from_its_file(take, tmp_path):
    save_take(take, tmp_path / "a.take")
    back = load_take(tmp_path / "a.take")
    assert torch.equal(back.pictures, take.pictures)
    assert torch.equal(back.regions, take.regions)
    assert_close(back.world_from_head.rotation, take.world_from_head.rotation)
    assert_close(back.head.mesh.vertices, take.head.mesh.vertices)
    assert back.camera.width == take.camera.width
    (tmp_path / "a.take").write_bytes(b"nothing")
    with pytest.raises(BundleError, match="cannot be read as a take"):
        load_take(tmp_path / "a.take")


def test_options_that_make_no_sense_are_refused():
    for wrong in ({"splats": 3}, {"size": 10}, {"steps": 0}, {"codes": 0}, {"patience": 0}):
        with pytest.raises(OptionError):
            TrainOptions(**wrong)
