"""How live work keeps up: tracking a camera, and speech from a stream.

    python -m tests.benchmarks.bench_live [--track 60] [--speak 10] [--window 40]

Tracking: a fake camera plays a video in a loop, 640 pixels wide at 30 frames a second, for so many
seconds; told are frames a second, what each stage takes, the delay early and late, and memory.
Speech: so many minutes of voices, as fast as they can be heard in pieces of 20 ms; told are the
share of real time that it takes, the slowest pieces, and memory. Window: the desktop window with
its controls, drawn by OpenGL into memory for so many seconds, moved by the camera and then by a
voice; told is the delay from what happened to the finished picture.

Times are the processor's own where it can be told apart, and the clock's for delays: run it on a
machine that does nothing else. Kept and compared are ratios only.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from avatar.capture.read_video import VideoFrame, open_video
from avatar.core.avatar import Avatar
from avatar.create.default_head import default_head
from avatar.create.track_live import LiveFrame, track_live
from avatar.head.registry import load_model
from avatar.speech.log_mel import RATE
from avatar.speech.perform_live import LiveSpeaker
from avatar.speech.sound import sound_blocks
from tests.benchmarks.metric import Metric, gate

if TYPE_CHECKING:
    from viewers.desktop.live import LiveFace, LivePose

WIDTH, HEIGHT, FPS = 640, 480, 30.0
PIECE = 320
SCREEN = (1280, 720)


class LoopedVideo:
    """A fake camera: a video's frames, forth and back, at its own pace."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.seconds = seconds
        with open_video(path) as video:
            frames = [
                _fitted(frame.pixels) for _, frame in zip(range(90), video.frames(), strict=False)
            ]
        self._frames = [*frames, *frames[-2:0:-1]]

    def frames(self) -> Iterator[VideoFrame]:
        """Yield frames when their time has come."""
        start = time.monotonic()
        for number in range(int(self.seconds * FPS)):
            at = number / FPS
            time.sleep(max(0.0, start + at - time.monotonic()))
            yield VideoFrame(pixels=self._frames[number % len(self._frames)], time=at)


def _fitted(pixels: torch.Tensor) -> torch.Tensor:
    """Return a frame scaled to the camera's height, with its edge continued to the sides."""
    picture = pixels.permute(2, 0, 1)[None].float()
    width = round(picture.shape[3] * HEIGHT / picture.shape[2])
    scaled = torch.nn.functional.interpolate(
        picture, (HEIGHT, width), mode="bilinear", antialias=True
    )
    side = (WIDTH - width) // 2
    padded = torch.nn.functional.pad(scaled, (side, WIDTH - width - side, 0, 0), mode="replicate")
    return padded[0].permute(1, 2, 0).round().byte().contiguous()


def tracking(video: Path, seconds: float) -> list[Metric]:
    """Track the looped video live and tell how it went."""
    model = load_model("anny")
    camera = LoopedVideo(video, seconds)
    frames: list[LiveFrame] = []
    memory: list[float] = []
    begun, used = time.perf_counter(), time.process_time()
    for frame in track_live(camera, model):
        frames.append(frame)
        memory.append(_resident())
    span, cpu = time.perf_counter() - begun, time.process_time() - used
    # The first seconds calibrate to the person.
    settled = [frame for frame in frames if frame.time > min(15.0, seconds / 3)]
    half = len(settled) // 2
    early, late = (_middle(part) for part in (settled[:half], settled[half:]))
    stages = ", ".join(
        f"{name} {1e3 * float(np.median([f.seconds.get(name, 0) for f in settled])):.1f} ms"
        for name in ("follow", "fit")
    )
    rate = (len(settled) - 1) / (settled[-1].time - settled[0].time)
    growth = max(memory[-10:]) / max(memory[len(memory) // 2 :][:10])
    sys.stdout.write(
        f"tracking: {len(frames)} frames in {span:.1f} s, {settled[0].dropped} dropped while it"
        f" calibrates to the person, {frames[-1].dropped - settled[0].dropped} after that;"
        f" {rate:.1f} a second from then on; {stages};"
        f" {1e3 * cpu / len(frames):.1f} ms of processor a frame, all threads and calibrations;"
        f" delay {1e3 * early:.0f} ms early, {1e3 * late:.0f} ms late;"
        f" memory x {growth:.3f} in the second half\n"
    )
    return [
        _metric("live tracking: delay late / early", late / early, 0.5),
        _metric("live tracking: memory at the end / in the middle", growth, 0.02),
    ]


def speech(folder: Path, minutes: float) -> list[Metric]:
    """Push voices through and tell what it took."""
    files = sorted(folder.rglob("*.wav"))
    voices = np.concatenate([block for path in files for block in sound_blocks(path)])
    speaker = LiveSpeaker(default_head())
    took: list[float] = []
    memory: list[float] = []
    shown = 0
    for number in range(int(minutes * 60 * RATE / PIECE)):
        place = number * PIECE % (len(voices) - PIECE)
        start = time.process_time()
        shown += len(speaker.push(voices[place : place + PIECE]))
        took.append(time.process_time() - start)
        if number % 500 == 0:
            memory.append(_resident())
    times = np.array(took) * 1e3
    share = times.sum() / 1e3 / (minutes * 60)
    growth = memory[-1] / memory[len(memory) // 2]
    due = int((minutes * 60 - speaker.latency) * 60)
    sys.stdout.write(
        f"speech: {minutes:.0f} minutes, {share:.3f} of real time; pieces of 20 ms: median"
        f" {np.median(times):.2f} ms, 99th of 100 {np.percentile(times, 99):.2f} ms, worst"
        f" {times.max():.1f} ms; {shown} frames of {due}; delay {1e3 * speaker.latency:.0f} ms;"
        f" memory x {growth:.3f} in the second half\n"
    )
    return [
        _metric("live speech: frames shown / due", shown / due, 0.001, higher=True),
        _metric("live speech: memory at the end / in the middle", growth, 0.02),
    ]


def window(inputs: Path, seconds: float) -> list[Metric]:
    """Show the window moved by a camera, then by a voice, and tell how late its pictures are."""
    from viewers.desktop.live import follow_frames, follow_voice

    head = default_head()
    camera = LoopedVideo(inputs / "videos" / "talking_8s_a.mp4", seconds)
    seen = _delays(head, follow_frames("camera", lambda: nullcontext(camera), head), seconds)
    voice = max((inputs / "audio").rglob("*.wav"), key=lambda path: path.stat().st_size)
    heard = _delays(head, follow_voice(str(voice), head), min(seconds, 15.0))
    ahead = LiveSpeaker(head).latency
    for name, delays, less in (("camera", seen, 0.0), ("voice", heard, ahead)):
        over = 1e3 * (np.array(delays) - less)
        sys.stdout.write(
            f"window, {name} to picture: {len(delays)} pictures, median {np.median(over):.0f} ms,"
            f" 95th of 100 {np.percentile(over, 95):.0f} ms, over a look-ahead of"
            f" {1e3 * less:.0f} ms\n"
        )
    late = float(np.median(seen[len(seen) // 2 :]) / np.median(seen[: len(seen) // 2]))
    return [_metric("window, camera to picture: delay late / early", late, 0.5)]


def _delays(head: Avatar, live: "LiveFace", seconds: float) -> list[float]:
    """Draw what moves as it comes; return each picture's delay, the first third left out."""
    from imgui_bundle import imgui

    from viewers.desktop.context import headless_context
    from viewers.desktop.desk import Desk
    from viewers.desktop.interface import Interface
    from viewers.desktop.stage import Stage

    context = headless_context()
    target = context.simple_framebuffer(SCREEN)
    desk = Desk(Stage(context, head), live=live)
    interface = Interface(desk, context)
    delays: list[float] = []
    end = time.perf_counter() + seconds
    drawn: LivePose | None = None
    while time.perf_counter() < end and not live.ended:
        new, newest = desk.advance(), live.newest
        if not new:
            time.sleep(0.002)
            continue
        io = imgui.get_io()
        io.display_size = imgui.ImVec2(*SCREEN)
        io.delta_time = 1 / 60
        interface.build(*SCREEN)
        width, height = interface.stage_size(*SCREEN)
        desk.draw(target, (int(width), int(height)), int(SCREEN[1] - height))
        interface.draw(target)
        context.finish()
        if newest is not None and newest is not drawn:
            delays.append(time.perf_counter() - newest.happened)
            drawn = newest
    interface.release()
    desk.close()
    target.release()
    context.release()
    if live.problem is not None:
        raise SystemExit(live.problem)
    return delays[len(delays) // 3 :]


def _middle(frames: list[LiveFrame]) -> float:
    return float(np.median([frame.delay for frame in frames]))


def _resident() -> float:
    """Return the process's memory in MiB, as the system counts it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def _metric(name: str, value: float, tolerance: float, *, higher: bool = False) -> Metric:
    direction = "higher is better" if higher else "lower is better"
    return Metric(
        name=name, value=round(value, 3), unit="times", direction=direction, tolerance=tolerance
    )


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description="Measure live tracking and speech.")
    parser.add_argument("--inputs", type=Path, default=Path(__file__).parents[3] / "shared/inputs")
    parser.add_argument("--track", type=float, default=60.0, help="seconds of tracking")
    parser.add_argument("--speak", type=float, default=10.0, help="minutes of speech")
    parser.add_argument("--window", type=float, default=40.0, help="seconds of the window")
    parser.add_argument("--update", action="store_true", help="keep the result as the baseline")
    arguments = parser.parse_args()
    if not arguments.inputs.is_dir():
        sys.stderr.write(f"{arguments.inputs}: no such folder; name it with --inputs\n")
        return 2
    torch.set_num_threads(1)
    metrics: list[Metric] = []
    if arguments.track:
        metrics += tracking(arguments.inputs / "videos" / "talking_8s_a.mp4", arguments.track)
    if arguments.speak:
        metrics += speech(arguments.inputs / "audio", arguments.speak)
    if arguments.window:
        metrics += window(arguments.inputs, arguments.window)
    problems = gate(metrics, Path(__file__).with_suffix(".json"), update=arguments.update)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
