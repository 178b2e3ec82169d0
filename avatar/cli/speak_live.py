"""`avatar speak --live`: a microphone or pipe to a performance as it is heard."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from avatar.animation.destination import parse_destination
from avatar.cli.live_take import LiveOptions, check_take_outputs, write_take
from avatar.core.errors import AvatarError
from avatar.speech.options import SpeakOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from avatar.animation.send_clip import ClipSender
    from avatar.core.clip import Clip
    from avatar.speech.listen import Piece
    from avatar.speech.perform_live import LiveSpeaker

_TOLD_EVERY = 5.0


@dataclass(frozen=True, kw_only=True)
class LiveVoiceOptions(LiveOptions):
    """Speaking live.

    Attributes:
        live: speak as the voice is heard; Ctrl-C ends it and keeps what was recorded.
        send: where frames go as they come: vmc://host:port, livelink://host:port/subject.
        seconds: end by itself after so long.
        microphone: its name or number; without it, the system's own.
        rate: samples a second of raw sound on standard input (16-bit; a WAV says it itself).
        channels: of raw sound on standard input.
        look_ahead: milliseconds for which the mouth waits to be surer of the sounds.
    """

    microphone: str | None = None
    rate: int = 16000
    channels: int = 1
    look_ahead: Literal[0, 40, 80, 120] = 80


def speak_live(
    head_path: Path | None,
    sound: Path | None,
    output: tuple[Path, ...],
    live: LiveVoiceOptions,
    speech: SpeakOptions,
) -> None:
    """Speak until Ctrl-C, the voice's end or `live.seconds`, then write what was recorded.

    Raises:
        OptionError: an option that makes no sense.
        AudioError: the voice cannot be heard, or its microphone vanished; what was recorded is
            written first.
    """
    check_take_outputs(output)
    from avatar.animation.send_clip import ClipSender  # noqa: PLC0415
    from avatar.core.avatar import Avatar  # noqa: PLC0415
    from avatar.create.default_head import default_head  # noqa: PLC0415
    from avatar.speech.listen import Voice, listen  # noqa: PLC0415
    from avatar.speech.pcm_stream import PcmFormat  # noqa: PLC0415
    from avatar.speech.perform_live import LiveSpeaker  # noqa: PLC0415

    head = Avatar.load(head_path) if head_path else default_head()
    speaker = LiveSpeaker(head, speech, live.look_ahead)
    source = live.microphone if sound is None else str(sound)
    voice = Voice(source=source, pcm=PcmFormat(rate=live.rate, channels=live.channels))
    recorded: list[Clip] = []
    problem: AvatarError | None = None
    targets = [parse_destination(target) for target in live.send]
    with ClipSender(targets, speech.fps, head.rig) as sender:
        # Opened before anything is promised: there may be no microphone.
        pieces = listen(voice)
        sys.stderr.write(
            f"speaking with a delay of {1e3 * speaker.latency:.0f} ms (play the sound so much"
            " later); Ctrl-C ends it\n"
        )
        try:
            _run(pieces, speaker, sender, recorded if output else None, live.seconds)
        except KeyboardInterrupt:
            sys.stderr.write("\n")
        except AvatarError as error:
            problem = error
    if output and recorded:
        write_take(recorded, output, head)
    if problem is not None:
        kept = "; what came before is saved" if output and recorded else ""
        raise type(problem)(f"{problem}{kept}")


def _run(
    pieces: "Iterator[Piece]",
    speaker: "LiveSpeaker",
    sender: "ClipSender",
    recorded: "list[Clip] | None",
    seconds: float | None,
) -> None:
    from avatar.speech.listen import PIECE  # noqa: PLC0415
    from avatar.speech.log_mel import RATE  # noqa: PLC0415

    heard, busy, told = 0.0, 0.0, time.perf_counter()
    for piece in pieces:
        start = time.perf_counter()
        _show(speaker.push(piece), sender, recorded)
        heard += len(piece) / RATE
        now = time.perf_counter()
        busy += now - start
        if now - told > _TOLD_EVERY:
            told = now
            load = 100 * busy / heard
            sys.stderr.write(f"{heard:6.1f} s heard; {load:.0f} % of the time is spent on it\n")
        if seconds is not None and heard >= seconds:
            break
    # What was heard last is still to be shown, and the mouth comes to rest.
    for frames in speaker.closing():
        _show(frames, sender, recorded)
        time.sleep(PIECE / RATE)


def _show(frames: "list[Clip]", sender: "ClipSender", recorded: "list[Clip] | None") -> None:
    for frame in frames:
        sender.send(frame)
        if recorded is not None:
            recorded.append(frame)
