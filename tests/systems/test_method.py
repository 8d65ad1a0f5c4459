"""A declared system learns, is saved and restored, and renders, by programs of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tgbench.audio import DEFAULT_FEATURES
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import Drive, FitContext, Image
from tgbench.progress import SILENT
from tgbench.protocols.lipsync import LipSync
from tgbench.protocols.self_reconstruction import SelfReconstruction
from tgbench.running.timing import timing_of
from tgbench.specs import Timed
from tgbench.systems.programs import ProgramFailed
from tgbench.systems.spec import read_spec

from .conftest import git
from .standin import GREY, LEARN, SPEAK, TRAIN, declare, make_checkout, method_of

SECOND = """
[[train]]
name = "second"
command = ["python", "second.py", "{workdir}/model/second.npy"]
makes = ["model/second.npy"]
"""

COUNT = (
    "import os, sys; open(os.environ['CALLS'], 'a').write(os.path.basename(sys.argv[0]) + '\\n')\n"
)


@pytest.fixture
def identity(tiny_identity: Path) -> Identity:
    return Identity(tiny_identity)


@pytest.fixture
def drive(identity: Identity) -> Drive:
    (case,) = SelfReconstruction().plan([identity], (), DEFAULT_FEATURES)
    return case.drive


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which programs that begin with COUNT note that they ran."""
    path = tmp_path / "calls"
    monkeypatch.setenv("CALLS", str(path))
    return path


def context(folder: Path, seed: int = 0) -> FitContext:
    folder.mkdir(parents=True, exist_ok=True)
    return FitContext(folder, seed, "cpu", SILENT)


def expected(identity: Identity, drive: Drive, seed: int) -> Iterator[Image]:
    """Yield what the stand-in renders, worked out from the identity without its programs."""
    pictures = [
        cv2.imread(str(identity.path("gt_imgs/{}.jpg", frame))) for frame in identity.split().train
    ]
    mean = np.rint(np.mean(pictures, axis=0) + seed).astype(np.uint8)[..., ::-1]
    pcm = np.round(np.clip(drive.audio.samples, -1, 1) * 32767).astype(np.int16).astype(float)
    for index in range(len(drive)):
        frame = mean.copy()
        frame[0, 0] = round(np.abs(pcm[640 * index : 640 * (index + 1)]).mean() / 128)
        yield frame


def test_it_learns_is_restored_and_renders(
    tmp_path: Path, identity: Identity, drive: Drive
) -> None:
    checkout = make_checkout(tmp_path / "checkout", learn=LEARN)
    declaration = declare(tmp_path, checkout)
    method = method_of(declaration, checkout, sys.executable)
    report = method.fit(identity, identity.split(), context(tmp_path / "fit", seed=3))
    assert report.seconds is not None
    assert 0.05 < report.seconds < 60
    assert any("train commands" in note for note in report.notes)
    wanted = list(expected(identity, drive, seed=3))
    assert np.array_equal(list(method.render(drive)), wanted)
    method.save(tmp_path / "saved" / "model")
    other = method_of(declaration, checkout, sys.executable)
    other.load(tmp_path / "saved" / "model", identity, identity.split(), "cpu")
    assert np.array_equal(list(other.render(drive)), wanted)
    assert np.array_equal(list(other.render(drive)), wanted), "twice"
    logs = sorted(path.name for path in (tmp_path / "saved" / "model" / "logs").iterdir())
    assert any(name == "learn.log" for name in logs)
    assert any(name.startswith("render-") and name.endswith("speak.log") for name in logs)
    left = [path.name for path in (tmp_path / "saved" / "work").iterdir() if path.is_dir()]
    assert not left, "nothing of a rendering is left"


def test_any_sound_drives_it(tmp_path: Path, identity: Identity, own_identity: Path) -> None:
    (case,) = LipSync().plan([identity], [own_identity / "aud.wav"], DEFAULT_FEATURES)
    checkout = make_checkout(tmp_path / "checkout", learn=LEARN)
    method = method_of(declare(tmp_path, checkout), checkout, sys.executable)
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    rendered = list(method.render(case.drive))
    assert np.array_equal(rendered, list(expected(identity, case.drive, seed=0)))


def test_a_state_of_something_else_is_refused(
    tmp_path: Path, identity: Identity, own_identity: Path
) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    method = method_of(declare(tmp_path, checkout), checkout)
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    method.save(tmp_path / "model")
    other = Identity(own_identity)
    with pytest.raises(TgbenchError, match=r"system\.json.*another identity \(tiny, now own\)"):
        method.load(tmp_path / "model", other, other.split(), "cpu")
    (tmp_path / "model" / "made" / "model" / "mean.raw").write_bytes(b"64 64")
    with pytest.raises(TgbenchError, match=r"mean\.raw: is damaged"):
        method.load(tmp_path / "model", identity, identity.split(), "cpu")
    (tmp_path / "model" / "made" / "model" / "mean.raw").unlink()
    with pytest.raises(TgbenchError, match=r"mean\.raw: is missing"):
        method.load(tmp_path / "model", identity, identity.split(), "cpu")
    (tmp_path / "model" / "system.json").write_text("[]")
    with pytest.raises(TgbenchError, match=r"system\.json"):
        method.load(tmp_path / "model", identity, identity.split(), "cpu")


def test_a_stage_that_finished_is_not_repeated(
    tmp_path: Path, identity: Identity, calls: Path
) -> None:
    second = COUNT + (
        "if not os.path.exists(os.environ['CALLS'] + '.go'): raise SystemExit('not yet')\n"
        "open(sys.argv[1], 'w').write('made')"
    )
    checkout = make_checkout(tmp_path / "checkout", learn=COUNT + GREY, second=second)
    declaration = declare(tmp_path, checkout, train=TRAIN + SECOND)
    method = method_of(declaration, checkout)
    with pytest.raises(ProgramFailed, match=r"mean, second: .*not yet") as failed:
        method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert failed.value.log == tmp_path / "fit" / "logs" / "second.log"
    (tmp_path / "calls.go").touch()
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert calls.read_text().split() == ["learn.py", "second.py", "second.py"]
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert len(calls.read_text().split()) == 3
    (tmp_path / "fit" / "model" / "second.npy").unlink()
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert calls.read_text().split()[3:] == ["second.py"], "what it made was gone"
    method.fit(identity, identity.split(), context(tmp_path / "fit", seed=1))
    assert calls.read_text().split()[4:] == ["learn.py", "second.py"], "another command"


def test_what_a_stage_changed_of_its_inputs_stays_changed(
    tmp_path: Path, identity: Identity, calls: Path
) -> None:
    prepare = """
[[prepare]]
name = "smooth"
command = ["python", "smooth.py", "{identity}"]
"""
    smooth = COUNT + "open(sys.argv[1] + '/transforms_val.json', 'a').write('\\n\\n')"
    checkout = make_checkout(tmp_path / "checkout", smooth=smooth, learn="raise SystemExit('no')")
    declaration = declare(tmp_path, checkout, train=prepare + TRAIN)
    method = method_of(declaration, checkout)
    for _ in range(2):
        with pytest.raises(ProgramFailed, match="learn"):
            method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert calls.read_text().split() == ["smooth.py"]
    cameras = tmp_path / "fit" / "data" / "tiny" / "transforms_val.json"
    assert cameras.read_text().endswith("\n\n\n")


def test_a_kill_loses_no_finished_stage_and_leaves_no_process(
    tmp_path: Path, tiny_identity: Path, identity: Identity, calls: Path
) -> None:
    second = COUNT + (
        "import time; from pathlib import Path\n"
        "first = not Path('begun').exists()\nPath('begun').write_text(str(os.getpid()))\n"
        "if first: time.sleep(0.5); print('still there', flush=True); time.sleep(60)\n"
        "open(sys.argv[1], 'w').write('made')"
    )
    checkout = make_checkout(tmp_path / "checkout", learn=COUNT + GREY, second=second)
    declaration = declare(tmp_path, checkout, train=TRAIN + SECOND)
    code = (
        "import sys; from pathlib import Path\nfrom tgbench.identities import Identity\n"
        "from tests.systems.test_method import context\n"
        "from tests.systems.standin import method_of\n"
        "from tgbench.systems.declaration import read_declaration\n"
        f"identity = Identity(Path({str(tiny_identity)!r}))\n"
        f"method = method_of(read_declaration(Path({str(declaration.path)!r})), "
        f"Path({str(checkout)!r}))\n"
        f"method.fit(identity, identity.split(), context(Path({str(tmp_path / 'fit')!r})))\n"
    )
    root = Path(__file__).parents[2]
    suite = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    log = tmp_path / "fit" / "logs" / "second.log"
    deadline = time.monotonic() + 60
    while not (log.is_file() and "still there" in log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    suite.send_signal(signal.SIGKILL)
    suite.wait()
    process = int((tmp_path / "fit" / "checkout" / "begun").read_text())
    while _runs(process):
        assert time.monotonic() < deadline, "the program outlives tgbench"
        time.sleep(0.05)
    method = method_of(declaration, checkout)
    report = method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert calls.read_text().split() == ["learn.py", "second.py", "second.py"]
    assert any("second was interrupted 1 time" in note for note in report.notes)
    assert report.seconds is not None
    assert report.seconds > 0.5, "the time of the attempt that was killed counts"


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_rendering_that_was_not_taken_is_not_repeated(
    tmp_path: Path, identity: Identity, drive: Drive, calls: Path
) -> None:
    checkout = make_checkout(tmp_path / "checkout", speak=COUNT + SPEAK)
    method = method_of(declare(tmp_path, checkout), checkout)
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    frames = method.render(drive)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert len(list(method.render(drive))) == len(drive)
    assert calls.read_text().split() == ["speak.py"]
    assert len(list(method.render(drive))) == len(drive)
    assert calls.read_text().split() == ["speak.py", "speak.py"], "a second rendering is another"


def test_images_of_an_attempt_that_failed_do_not_count(
    tmp_path: Path, identity: Identity, drive: Drive
) -> None:
    too_many_at_first = """
mark = Path(model).parent / "tried"
if not mark.exists():
    mark.touch()
    for extra in range(5):
        Path(pattern % (count + extra)).write_bytes(Path(pattern % 0).read_bytes())
    raise SystemExit("stopped")
"""
    checkout = make_checkout(tmp_path / "checkout", speak=SPEAK + too_many_at_first)
    method = method_of(declare(tmp_path, checkout), checkout)
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    with pytest.raises(ProgramFailed):
        list(method.render(drive))
    assert len(list(method.render(drive))) == len(drive)


def test_a_stage_that_makes_nothing_has_failed(
    tmp_path: Path, identity: Identity, drive: Drive
) -> None:
    checkout = make_checkout(tmp_path / "checkout", speak="print('ffmpeg: error, ignored')")
    method = method_of(declare(tmp_path, checkout), checkout)
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    with pytest.raises(ProgramFailed, match=r"mean, speak: .*made no out/\*\.png") as failed:
        list(method.render(drive))
    assert "ffmpeg: error, ignored" in failed.value.log.read_text()


def test_one_that_makes_nothing_may_say_why(
    tmp_path: Path, identity: Identity, drive: Drive
) -> None:
    speak = "import os; os.system('echo av_interleaved_write_frame: No space left on device')"
    checkout = make_checkout(tmp_path / "checkout", speak=speak)
    method = method_of(declare(tmp_path, checkout), checkout)
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    with pytest.raises(ProgramFailed, match=r"made no out/\*\.png \(the disk is full\)"):
        list(method.render(drive))
    (checkout / "speak.py").write_text("print('nothing')")
    git(checkout, "commit", "-qam", "silent")
    other = method_of(declare(tmp_path, checkout), checkout)
    other.fit(identity, identity.split(), context(tmp_path / "fit"))
    with pytest.raises(ProgramFailed, match="may be for another version"):
        list(other.render(drive))


def test_what_an_earlier_stage_made_does_not_count(tmp_path: Path, identity: Identity) -> None:
    again = SECOND.replace("model/second.npy", "model/mean.raw")
    checkout = make_checkout(tmp_path / "checkout", second="print('nothing to do')")
    declaration = declare(tmp_path, checkout, train=TRAIN + again)
    method = method_of(declaration, checkout)
    with pytest.raises(ProgramFailed, match=r"mean, second: .*made no model/mean\.raw"):
        method.fit(identity, identity.split(), context(tmp_path / "fit"))


def test_what_a_stage_needs_is_looked_for_before_it_runs(
    tmp_path: Path, identity: Identity, calls: Path
) -> None:
    train = TRAIN + 'needs = ["{checkout}/pretrained.pth"]\n'
    checkout = make_checkout(tmp_path / "checkout", learn=COUNT + GREY)
    method = method_of(declare(tmp_path, checkout, train=train), checkout)
    with pytest.raises(TgbenchError, match=r"mean, learn: needs .*pretrained\.pth"):
        method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert not calls.exists()
    (checkout / "pretrained.pth").write_text("weights")
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    assert calls.exists()


def test_files_copies_links_and_folders_are_there_before_a_stage(
    tmp_path: Path, identity: Identity
) -> None:
    train = """
[[train]]
name = "one"
folder = "{workdir}"
command = ["python", "{checkout}/one.py"]
makes = ["model/*.npy"]
[[train]]
name = "two"
folder = "{workdir}/inside"
command = ["python", "{checkout}/two.py"]
copies = { "model/*.npy" = "inside/newest.npy" }
files = { "inside/{name}.yaml" = "name: {name}\\nseed: {seed}\\nliteral: {{x}}\\n" }
variables = { GREETING = "hello {name}" }
makes = ["inside/done"]
"""
    one = (
        "import os; from pathlib import Path\nassert (Path('linked') / 'learn.py').is_file()\n"
        "assert Path('empty').is_dir()\nos.makedirs('model')\n"
        "for n in range(3):\n"
        "    Path(f'model/{n}.npy').write_text(str(n))\n"
        "    os.utime(f'model/{n}.npy', (n * n % 4,) * 2)"
    )
    two = (
        "import os; from pathlib import Path\nassert Path('newest.npy').read_text() == '1'\n"
        "text = Path('tiny.yaml').read_text()\nassert 'name: tiny' in text and 'seed: 7' in text\n"
        "assert 'literal: {x}' in text\n"
        "assert os.environ['GREETING'] == 'hello tiny'\n"
        "assert os.environ['PYTHONHASHSEED'] == '7'\n"
        "Path('done').touch()"
    )
    checkout = make_checkout(tmp_path / "checkout", one=one, two=two)
    (tmp_path / "checkout" / "linked").mkdir()
    (tmp_path / "checkout" / "linked" / "learn.py").write_text("")
    declaration = declare(tmp_path, checkout, train=train)
    folders = declaration.folders.model_copy(update={"links": ("linked",), "made": ("empty",)})
    declaration = declaration.model_copy(update={"folders": folders})
    method = method_of(declaration, checkout)
    method.fit(identity, identity.split(), context(tmp_path / "fit", seed=7))


def test_speed_is_a_dash_unless_the_declaration_says_how_it_was_measured(
    tmp_path: Path, identity: Identity, drive: Drive
) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    speed = '[speed]\nmeasured = "its own line"\npattern = "rendered at ([0-9.]+) frames"'
    for said, timed in (("", Timed.UNTIMED), (speed, Timed.SELF_REPORTED)):
        declaration = declare(tmp_path, checkout, output=said)
        assert read_spec(declaration.path).timed is timed
        method = method_of(declaration, checkout)
        method.fit(identity, identity.split(), context(tmp_path / "fit"))
        timing = timing_of(method, read_spec(declaration.path), drive, "cpu", 1.0)
        assert timing.rendering == ()
        list(method.render(drive))
        found = timing.after_rendering().rendering
        if timed is Timed.UNTIMED:
            assert found == ()
            assert method.rendering_time() is None
        else:
            assert found[0].frames / found[0].seconds == pytest.approx(12.5)
            assert any("its own line" in note for note in method.rendering_notes())


def test_what_an_attempt_that_failed_said_of_its_speed_does_not_count(
    tmp_path: Path, identity: Identity, drive: Drive
) -> None:
    fails_at_first = """
mark = Path(model).parent / "tried"
if not mark.exists():
    mark.touch()
    print("at last 99 fps", flush=True)
    raise SystemExit("stopped")
"""
    checkout = make_checkout(tmp_path / "checkout", speak=SPEAK + fails_at_first)
    speed = '[speed]\nmeasured = "its own line"\npattern = "at last ([0-9.]+) fps"'
    method = method_of(declare(tmp_path, checkout, output=speed), checkout)
    method.fit(identity, identity.split(), context(tmp_path / "fit"))
    with pytest.raises(ProgramFailed):
        list(method.render(drive))
    assert len(list(method.render(drive))) == len(drive)
    assert method.rendering_time() is None
