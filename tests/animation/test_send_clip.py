"""Frames that are sent arrive, and say in their receivers' own terms what the clip says."""

import math
import socket
import struct
import time

import pytest
import torch

from avatar.animation.destination import parse_destination
from avatar.animation.send_clip import ClipSender
from avatar.core.arkit import ARKIT_INDEX, ARKIT_NAMES
from avatar.core.clip import Clip
from avatar.core.errors import OptionError
from avatar.core.rig import Rig
from avatar.core.transform import quaternion_from_matrix, rotation_from_euler

YAW, PITCH = 0.3, -0.2
"""Of head and neck together: to the subject's left, and up."""


def frame_at(seconds: float) -> Clip:
    """Every coefficient has a value of its own; the turn is shared by neck and head."""
    weights = torch.linspace(0.01, 0.99, 52)[None]
    weights[0, ARKIT_INDEX["eyeLookOutLeft"]] = 0.5
    weights[0, ARKIT_INDEX["eyeLookInLeft"]] = 0.0
    zero = torch.tensor(0.0)
    yaw = quaternion_from_matrix(rotation_from_euler(zero, torch.tensor(YAW), zero))
    pitch = quaternion_from_matrix(rotation_from_euler(torch.tensor(PITCH), zero, zero))
    return Clip(
        times=torch.tensor([seconds]),
        weights=weights,
        joint_names=("neck", "head"),
        joint_rotations=torch.stack([yaw, pitch])[None],
    )


@pytest.fixture
def listener():
    """A socket on this machine that waits for packets."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        yield receiver


def test_a_vmc_receiver_reads_coefficients_and_bones():
    osc = pytest.importorskip("pythonosc.osc_server")
    dispatcher = pytest.importorskip("pythonosc.dispatcher").Dispatcher()
    heard: list[tuple[str, tuple]] = []
    dispatcher.set_default_handler(lambda address, *values: heard.append((address, values)))
    with osc.BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        server.timeout = 5
        port = server.server_address[1]
        with ClipSender([parse_destination(f"vmc://127.0.0.1:{port}")], fps=30) as sender:
            frame = frame_at(1.25)
            sender.send(frame)
            packets = sender.sent
        for _ in range(packets):
            server.handle_request()
    assert heard[0] == ("/VMC/Ext/OK", (1,))
    assert ("/VMC/Ext/T", (1.25,)) in heard
    assert heard[-1][0] == "/VMC/Ext/Blend/Apply"
    values = dict(v for address, v in heard if address == "/VMC/Ext/Blend/Val")
    assert tuple(values) == ARKIT_NAMES
    assert values["jawOpen"] == pytest.approx(float(frame.weights[0, ARKIT_INDEX["jawOpen"]]))
    bones = {v[0]: v[4:] for address, v in heard if address == "/VMC/Ext/Bone/Pos"}
    # Unity's frame is left-handed: a turn to the left is one about -Y, nodding down one about +X.
    assert bones["Neck"] == pytest.approx((0, -math.sin(YAW / 2), 0, math.cos(YAW / 2)), abs=1e-6)
    assert bones["Head"] == pytest.approx((math.sin(PITCH / 2), 0, 0, math.cos(PITCH / 2)))
    assert bones["LeftEye"][1] < -0.1


def test_a_vmc_receiver_that_believes_places_gets_those_of_the_head(listener):
    osc = pytest.importorskip("pythonosc.osc_bundle")
    rig = Rig(
        morphs=torch.zeros(52, 1, 3),
        joint_names=("root", "neck", "head", "eye_left"),
        parents=(-1, 0, 1, 2),
        joint_positions=torch.tensor(
            [[0.0, -0.3, -0.1], [0.0, -0.2, -0.1], [0.0, -0.1, -0.05], [0.04, 0.0, 0.05]]
        ),
        skin_weights=torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
    )
    target = parse_destination(f"vmc://127.0.0.1:{listener.getsockname()[1]}")
    with ClipSender([target], fps=30, rig=rig) as sender:
        sender.send(frame_at(0.0))
        bundles = [osc.OscBundle(listener.recv(65536)) for _ in range(sender.sent)]
    messages = [message for bundle in bundles for message in bundle]
    places = {m.params[0]: m.params[1:4] for m in messages if m.address == "/VMC/Ext/Bone/Pos"}
    assert places["Neck"] == pytest.approx((0, 0.1, 0))
    assert places["Head"] == pytest.approx((0, 0.1, 0.05))
    # Unity's +X is the subject's right.
    assert places["LeftEye"] == pytest.approx((-0.04, 0.1, 0.1))
    # What the rig lacks is an average adult's.
    assert 0.02 < places["RightEye"][0] < 0.04


def test_vmc_packets_fit_into_one_of_the_networks_own(listener):
    port = listener.getsockname()[1]
    with ClipSender([parse_destination(f"vmc://127.0.0.1:{port}")], fps=30) as sender:
        sender.send(frame_at(0.0))
        sizes = [len(listener.recv(65536)) for _ in range(sender.sent)]
    assert max(sizes) <= 1472


def decoded(packet: bytes) -> dict:
    """Read a packet as Unreal Engine does: bytes, texts and numbers in network order."""
    version, place = packet[0], 1
    texts = []
    for _ in range(2):
        (length,) = struct.unpack_from("!i", packet, place)
        texts.append(packet[place + 4 : place + 4 + length].decode())
        place += 4 + length
    number, part, rate, denominator, count = struct.unpack_from("!ifiiB", packet, place)
    values = struct.unpack_from(f"!{count}f", packet, place + 17)
    assert len(packet) == place + 17 + 4 * count
    return {
        "version": version,
        "device": texts[0],
        "subject": texts[1],
        "seconds": (number + part) * denominator / rate,
        "fps": rate / denominator,
        "values": values,
    }


@pytest.mark.parametrize("fps", [60.0, 30.0, 24000 / 1001])
def test_a_live_link_receiver_reads_coefficients_turns_and_time(listener, fps):
    port = listener.getsockname()[1]
    target = parse_destination(f"livelink://127.0.0.1:{port}/My%20face")
    with ClipSender([target], fps=fps) as sender:
        clock = time.localtime()
        for seconds in (2.0, 2.5):
            sender.send(frame_at(seconds))
        first, second = (decoded(listener.recv(65536)) for _ in range(2))
    assert (first["version"], first["subject"], len(first["device"])) == (6, "My face", 36)
    assert first["fps"] == pytest.approx(fps, rel=1e-5)
    assert second["seconds"] - first["seconds"] == pytest.approx(0.5, abs=1e-3)
    today = 3600 * clock.tm_hour + 60 * clock.tm_min + clock.tm_sec
    assert min(abs(first["seconds"] - today), 86400 - abs(first["seconds"] - today)) < 3
    assert first["values"][:52] == pytest.approx(frame_at(0.0).weights[0].tolist())
    yaw, pitch, roll = first["values"][52:55]
    assert (yaw, pitch, roll) == pytest.approx((YAW, PITCH, 0), abs=0.02)
    left_yaw = first["values"][55]
    assert left_yaw > 0.2


def test_nobody_listening_costs_nothing():
    frames = [frame_at(number / 30) for number in range(200)]
    with ClipSender([parse_destination("vmc://127.0.0.1:9")], fps=30) as sender:
        start = time.perf_counter()
        for frame in frames:
            sender.send(frame)
        assert time.perf_counter() - start < 5
    assert sender.sent + sender.dropped >= 200


def test_a_network_that_takes_nothing_holds_nothing_up():
    # A datagram to the broadcast address without leave to broadcast: refused by the system itself.
    with ClipSender([parse_destination("livelink://255.255.255.255")], fps=60) as sender:
        for number in range(3):
            sender.send(frame_at(number / 60))
        assert (sender.sent, sender.dropped) == (0, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("localhost:39539", "expected vmc"),
        ("http://localhost:80", "expected vmc"),
        ("vmc://:39539", "no host"),
        ("vmc://localhost:99999", "1 to 65535"),
        ("vmc://localhost:0", "1 to 65535"),
        ("livelink://localhost:port", "1 to 65535"),
        ("livelink://localhost/" + "x" * 99, "subject"),
    ],
)
def test_an_address_that_is_none_is_refused(text, message):
    with pytest.raises(OptionError, match=message):
        parse_destination(text)


def test_unknown_hosts_and_clips_of_many_frames_are_refused():
    with pytest.raises(OptionError, match="no host is called"):
        ClipSender([parse_destination("vmc://nobody.invalid")], fps=30)
    with pytest.raises(OptionError, match="fps"):
        ClipSender([], fps=0)
    with ClipSender([], fps=30) as sender, pytest.raises(OptionError, match="1 frame"):
        sender.send(Clip(times=torch.zeros(0), weights=torch.zeros(0, 52)))


def test_usual_ports_are_known():
    assert parse_destination("vmc://studio.local").port == 39539
    assert parse_destination("livelink://[::1]").port == 11111
    assert parse_destination("livelink://10.0.0.2:5000").host == "10.0.0.2"
