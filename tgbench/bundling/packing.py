"""Packing results with their frames into one file."""

from __future__ import annotations

import hashlib
import math
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..files import atomic_path, make_folder, remove_leftovers, sha256, temporary_folder
from ..interfaces import Case, Method
from ..progress import Progress
from ..running.environment import resolve_device
from ..running.experiment import IdentityHashes
from ..running.fitting import Fitting, load_fitted
from ..running.folders import MODELS, out_of
from ..running.frame_table import read_table
from ..running.integrity import has_images
from ..running.method_config import MethodConfig
from ..running.rendering import render
from ..running.request import RunOptions
from ..running.result import (
    FRAMES_FILE,
    FRAMES_FOLDER,
    RESULT_FILE,
    Result,
    read_results,
)
from ..running.settings import with_current_names
from ..version import __version__
from .contents import (
    LARGEST_TABLE,
    MANIFEST,
    MOST_MEMBERS,
    VALUES_FILE,
    BundledCase,
    FramesRecord,
    Manifest,
    beyond_limits,
    frame_hash,
    frame_name,
)
from .planning import GroundTruth
from .truth import Truth

_OLDEST = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644 << 16
_WEIGHTS = re.compile(r"([\w.+-]+), sha256 ([0-9a-f]+)")


@dataclass(frozen=True)
class Packed:
    """What was written.

    Attributes:
        path: the bundle.
        sha256: of it.
        cases: in it.
        rendered: how many of them had kept no frames and were rendered again.
    """

    path: Path
    sha256: str
    cases: int
    rendered: int


def pack(folder: Path, output: Path, truth: GroundTruth, progress: Progress) -> Packed:
    """Write a bundle of every result at or below a folder; the results stay as they are.

    Frames that were kept (`run --frames`) are packed. Others are rendered again, without a
    label, by the fit that was measured.

    Args:
        folder: of results.
        output: the file to write.
        truth: what the results were measured against.
        progress: where to report.

    Raises:
        TgbenchError: a result cannot be read, lacks what a bundle needs, or is of other inputs.
    """
    results = [(path.parent, result) for path, result in read_results(folder)]
    members = 1 + sum(2 + result.frames for _, result in results)
    if members > MOST_MEMBERS:
        raise TgbenchError(
            f"{folder}: a bundle of {len(results)} results would hold {members} files, "
            f"{MOST_MEMBERS} are allowed; bundle folders of it one by one"
        )
    planned = [(place, result, _truth(place, result, truth)) for place, result in results]
    remove_leftovers(make_folder(output.parent))
    rendered = 0
    with atomic_path(output) as temporary, _Writer(temporary) as writer:
        cases = []
        for number, (place, result, against) in enumerate(planned):
            inside = f"cases/{number:04d}"
            writer.add(f"{inside}/{RESULT_FILE}", (place / RESULT_FILE).read_bytes())
            writer.add(f"{inside}/{VALUES_FILE}", _values(place, result))
            if has_images(place, result):
                writer.add_frames(inside, place / FRAMES_FOLDER, result.frames)
            elif against.case is None:
                raise TgbenchError(f"{place}: kept no frames; score it again with --frames")
            else:
                rendered += 1
                with temporary_folder("bundle", output.parent) as made:
                    _render(result, against.case, place, Path(made), progress)
                    writer.add_frames(inside, Path(made) / FRAMES_FOLDER, result.frames)
            cases.append(_bundled(inside, place, result, against, progress))
        writer.finish(cases)
    return Packed(output, sha256(output), len(planned), rendered)


class _Writer:
    """An archive whose bytes follow from what is put into it, and in which order."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        self._hashes: dict[str, str] = {}

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def add(self, name: str, data: bytes) -> None:
        self._hashes[name] = hashlib.sha256(data).hexdigest()
        self._write(name, data)

    def add_frames(self, inside: str, images: Path, count: int) -> None:
        for index in range(count):
            self.add(frame_name(inside, index), (images / f"{index}.png").read_bytes())

    def finish(self, cases: list[BundledCase]) -> None:
        """Write the manifest, which has the hash of everything else."""
        manifest = Manifest(tgbench_version=__version__, cases=cases, files=self._hashes)
        self._write(MANIFEST, (manifest.model_dump_json(indent=1) + "\n").encode())

    def _write(self, name: str, data: bytes) -> None:
        member = zipfile.ZipInfo(name, _OLDEST)
        member.create_system = 3
        member.external_attr = _REGULAR_FILE
        self._archive.writestr(member, data)


def _truth(place: Path, result: Result, truth: GroundTruth) -> Truth:
    if not (place / FRAMES_FILE).is_file():
        raise TgbenchError(f"{place}: lacks {FRAMES_FILE}; run the case again with --fresh")
    if reason := beyond_limits(result):
        raise TgbenchError(f"{place}: cannot be bundled: {reason}")
    try:
        found = truth.of(result)
    except TgbenchError as error:
        raise TgbenchError(f"{place}: cannot be bundled: {error}") from error
    case = found.case
    if case is None:
        return found
    if IdentityHashes(case.identity.input_hashes()).sha256 != result.identity.sha256:
        raise TgbenchError(
            f"{place}: was measured on other files of '{case.identity.name}' than those in "
            f"{case.identity.folder}; name the right folder with --identity, or run it again"
        )
    return found


def _values(place: Path, result: Result) -> bytes:
    """Return the values of single frames as a bundle has them.

    Raises:
        TgbenchError: they cannot be read, or are more than a bundle may hold.
    """
    table = read_table(place / FRAMES_FILE)
    values = {
        name: [value if math.isfinite(value) else None for value in table[name].astype("float64")]
        for name in result.metrics
        if name in table
    }
    data = (FramesRecord(values=values).model_dump_json() + "\n").encode()
    if len(data) > LARGEST_TABLE:
        raise TgbenchError(
            f"{place}: cannot be bundled: values of its frames take {len(data) >> 20} MB, a "
            f"bundle holds {LARGEST_TABLE >> 20} MB of them for each case"
        )
    return data


def _bundled(
    inside: str, place: Path, result: Result, truth: Truth, progress: Progress
) -> BundledCase:
    measured_by = " ".join(record.measured_by for record in result.metrics.values())
    return BundledCase(
        folder=inside,
        target_frames=list(_target_hashes(place, truth, progress)),
        landmarks="fan" if "landmarks: face-alignment" in measured_by else "mediapipe",
        weights=dict(sorted(_WEIGHTS.findall(measured_by))),
    )


def _target_hashes(place: Path, truth: Truth, progress: Progress) -> Iterator[str]:
    """Yield the hash of the ground truth of each frame that was measured."""
    if truth.targets is None:
        return
    measured = read_table(place / FRAMES_FILE)["frame"]
    wanted = set(map(int, measured))
    with progress.task(f"hashing ground truth of {truth.who}", len(wanted)) as task:
        for number, target in truth.targets():
            if number in wanted:
                yield frame_hash(target)
                task.advance()


def _render(result: Result, case: Case, place: Path, folder: Path, progress: Progress) -> None:
    """Render what was measured into a folder of images.

    Raises:
        TgbenchError: its fit is not there, or the method is not, or is of other code, or other
            audio features would drive it.
    """
    remedy = f"run it again with --frames and --fresh (results in {place})"
    if not _has_features_of(result, case):
        raise TgbenchError(
            f"{place}: kept no frames, and the audio features that drove it "
            f"({result.driver.features or result.driver.encoder}) are not here; {remedy}"
        )
    method_config = _method_config(result, remedy)
    if result.method.code_sha256 not in ("", method_config.code.sha256):
        raise TgbenchError(
            f"{place}: kept no frames, and the code of '{result.method.name}' has changed "
            f"since it was measured; {remedy}"
        )
    fitting = Fitting(
        method_config,
        case.identity,
        result.identity.sha256,
        case.split,
        result.seed,
        resolve_device(result.environment.device),
        out_of(place) / MODELS,
    )
    if not fitting.is_done:
        raise TgbenchError(
            f"{place}: kept no frames, and the fit that was measured is not in {fitting.folder}; "
            f"{remedy}"
        )
    method: Method = method_config.spec.load()(method_config.config)
    load_fitted(method, fitting)
    options = RunOptions(label=False, keep_frames=True)
    who = f"{result.method.name} on {case.identity.name}, {case.driver}"
    for _ in render(case, method, who, folder, options, progress):
        pass


def _has_features_of(result: Result, case: Case) -> bool:
    """Whether a case is driven by the audio features of a result."""
    driver, file = result.driver, case.features_file
    read = sha256(file) if file else ""
    # Versions that knew only mel did not name its file, which the identity's hash covers.
    unnamed = not driver.features_sha256 and file == case.identity.folder / MEL.file
    return driver.encoder == case.drive.encoder and (unnamed or driver.features_sha256 == read)


def _method_config(result: Result, remedy: str) -> MethodConfig:
    """Return a method as it was configured.

    Raises:
        TgbenchError: it is not installed, or its settings are others by now.
    """
    name = result.method.name
    if result.method.system is not None and name not in plugins.methods():
        raise TgbenchError(
            f"'{name}' is a declared system that has no name here; `tgbench systems add FILE.toml` "
            f"gives it one, or {remedy}"
        )
    spec = plugins.find(plugins.methods(), name, "method")
    method = with_current_names(result).method
    try:
        return MethodConfig.of(spec, method.config, method.preset)
    except TgbenchError as error:
        raise TgbenchError(f"{error}; {remedy}") from error
