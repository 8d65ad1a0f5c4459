"""Making identities and running methods on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..progress import Progress
from .arguments import PathLike, Some, metric_names, path_or_none, shown_by, words

if TYPE_CHECKING:
    from ..identities import Identity
    from ..running.runner import Outcome


def run(
    method: Some,
    protocol: Some,
    *,
    identity: Some = "synth-a",
    audio: Some = (),
    audio_features: Some = (),
    preset: str = "quick",
    settings: Mapping[str, object] | None = None,
    size: int | None = None,
    device: str = "auto",
    seed: int | Sequence[int] = 0,
    out: PathLike = "results",
    metrics: Some = (),
    landmarks: str = "mediapipe",
    through_codec: bool = False,
    floor: bool = False,
    fresh: bool = False,
    label: bool = True,
    frames: bool = False,
    rules: Mapping[str, object] | None = None,
    jobs: int | None = None,
    executor: str = "local",
    exclusive_timing: bool = False,
    progress: bool | Progress = False,
) -> list[Outcome]:
    """Run methods under a protocol: fit, render, measure and write, as `tgbench run` does.

    A case that is there already is kept, so a call that was stopped continues when repeated.

    Args:
        method: name of a method, or several.
        protocol: name of a protocol, or several.
        identity: built-in names or folders.
        audio: driving sound, as files or built-in tracks; empty takes the protocol's own.
        audio_features: a file of features for each driving sound, in the same order; empty runs
            the audio encoders that the methods name.
        preset: of the methods' settings.
        settings: name to value of the settings to change.
        size: side of the frames of built-in identities in pixels; None takes the preset's.
        device: "auto", "cpu" or "cuda".
        seed: of every random choice; several for a run with each.
        out: folder of the results.
        metrics: names or titles; empty takes all that the protocol measures.
        landmarks: detector of the 68 landmarks, "mediapipe" or "fan".
        through_codec: whether to measure frames as they come out of an H.264 file.
        floor: whether to measure the truth after H.264 against itself, too.
        fresh: whether to fit and measure again what is there already.
        label: whether videos carry the visible label "synthetic".
        frames: whether to keep every frame as an image.
        rules: how sounds and poses meet, such as {"longer_sound": "loop"} (docs/protocols.md).
        jobs: how many fits and cases run at the same time, each in its own process; None: the
            executor's choice, which for "local" is one after another in this process.
        executor: where they run, such as "local"; `settings` takes its settings, too.
        exclusive_timing: whether what is timed runs alone on its machine.
        progress: True shows progress on standard error; or what to report it to.

    Returns:
        The finished cases.

    Raises:
        TgbenchError: bad input, found before any training where possible; or, after all cases
            were tried, `CasesFailed` with what failed and, in `outcomes`, what did not.
    """
    from .. import plugins
    from ..driving.driving import Driving
    from ..running.environment import resolve_device
    from ..running.request import RunRequest, default_size
    from ..running.runner import run as run_all

    elsewhere = plugins.find(plugins.executors(), executor, "executor").elsewhere
    return run_all(
        RunRequest(
            methods=words(method),
            protocols=words(protocol),
            identities=words(identity),
            audio=tuple(map(Path, words(audio))),
            audio_features=tuple(map(Path, words(audio_features))),
            preset=preset,
            overrides={key: str(value) for key, value in (settings or {}).items()},
            size=size or default_size(words(method), preset),
            device=resolve_device(device, elsewhere),
            seeds=(seed,) if isinstance(seed, int) else tuple(seed),
            out=Path(out),
            fresh=fresh,
            label=label,
            keep_frames=frames,
            metrics=metric_names(metrics) or (),
            landmarks=landmarks,
            through_codec=through_codec,
            floor=floor,
            jobs=jobs,
            executor=executor,
            exclusive_timing=exclusive_timing,
            driving=Driving({key: str(value) for key, value in (rules or {}).items()}),
        ),
        shown_by(progress),
    )


def prepare(
    video: PathLike,
    out: PathLike,
    *,
    size: int = 512,
    audio: PathLike | None = None,
    deinterlace: bool = False,
    card: PathLike | None = None,
    backends: Mapping[str, str] | None = None,
    settings: Mapping[str, object] | None = None,
    progress: bool | Progress = False,
) -> Identity:
    """Turn a video of one person who speaks into an identity, as `tgbench prepare` does.

    Stages that were completed before with the same inputs are not repeated.

    Args:
        video: the video; any rate and size.
        out: folder of the identity.
        size: side of its square images in pixels: even, 64 to 2048.
        audio: sound to take instead of the video's own, in step with it.
        deinterlace: whether to make whole pictures of interlaced ones.
        card: a file that says who it is and what they agreed to (docs/prepare.md); one that is not
            there is written as a template to fill in.
        backends: what makes each part, such as {"landmarks": "fan"}, instead of the embedded ones.
        settings: of backends, such as {"action_units.table": "au.csv"}.
        progress: True shows progress on standard error; or what to report it to.

    Returns:
        The identity. Look at `preview.jpg` in its folder.

    Raises:
        TgbenchError: the video, the sound or the folder is not usable.
    """
    from ..identities import Identity
    from ..preparation.backends.choice import choose_backends
    from ..preparation.prepare import prepare as prepare_video

    texts = {key: str(value) for key, value in (settings or {}).items()}
    folder = prepare_video(
        Path(video),
        Path(out),
        size,
        path_or_none(audio),
        shown_by(progress),
        deinterlace=deinterlace,
        backends=choose_backends(backends or {}, texts),
        card=path_or_none(card),
    )
    return Identity(folder)
