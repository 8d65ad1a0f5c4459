"""What a run says where somebody else's program does not do what it should."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.interfaces import Case
from tgbench.systems.declaration import Declaration
from tgbench.systems.method import DeclaredMethod
from tgbench.systems.programs import ProgramFailed

from .checkouts import STANDINS, build, spoil
from .conftest import Install, context, declaration_of
from .standins.common import HANGING, Fault

_FOLLOW_POSES = ("ad-nerf", "dfrf", "talkinggaussian-official")
"""Systems that make as many frames as there are poses, and so none too many."""

_REASONS = {
    Fault.NOTHING: "made no",
    Fault.OUT_OF_MEMORY: "out of memory",
    Fault.NO_FACE: "no face",
    Fault.NO_DEVICE: "CUDA device",
    Fault.NO_MODULE: "pytorch3d",
    Fault.MUCH: "more than the limit",
    Fault.HANG: "did not finish",
}


def bounded(declaration: Declaration, fault: str) -> Declaration:
    """Return a declaration with bounds that a fault exceeds soon: 3 s, or 12 MB."""
    if fault == Fault.HANG:
        last = declaration.render[-1].model_copy(update={"time_limit": 3.0})
        return declaration.model_copy(update={"render": (*declaration.render[:-1], last)})
    output = declaration.output.model_copy(update={"largest_gb": 0.012})
    return declaration.model_copy(update={"output": output})


def refusal(method: DeclaredMethod, identity: Identity, case: Case, folder: Path) -> TgbenchError:
    """Return the error of rendering a case."""
    method.load(folder, identity, case.split, "cpu")
    with pytest.raises(TgbenchError) as caught:
        list(method.render(case.drive))
    message = str(caught.value)
    assert "\n" not in message
    assert "defect" not in message
    return caught.value


def nothing_goes_on(folder: Path) -> bool:
    """Whether all that hung below a folder has ended."""
    started = [int(path.read_text()) for path in folder.rglob(HANGING)]
    for _ in range(100):
        if not any(Path(f"/proc/{number}").exists() for number in started):
            return True
        time.sleep(0.05)
    return False


def forget_last_stage(work: Path, declaration: Declaration) -> None:
    """Let the last command of a rendering run again; those before it stay done."""
    for record in work.rglob(f".stages/{declaration.render[-1].name}.json"):
        record.unlink()
    if declaration.output.kind == "images":
        # What an earlier attempt left would count as frames.
        for image in work.rglob("renderonly_path_*/*.png"):
            image.unlink()


@pytest.mark.parametrize("name", ["wav2lip"])
@pytest.mark.parametrize("fault", _REASONS)
def test_a_program_that_fails_is_told_with_reason_remedy_and_log(
    name: str, fault: str, identity: Identity, spoken: Case, install: Install, tmp_path: Path
) -> None:
    checkout = build(name, tmp_path / "checkout", fault)
    method = install(name, checkout, bounded(declaration_of(name), fault))
    method.fit(identity, spoken.split, context(tmp_path))
    method.save(tmp_path / "saved")
    error = refusal(method, identity, spoken, tmp_path / "saved")
    assert isinstance(error, ProgramFailed)
    assert _REASONS[fault] in error.reason
    assert error.remedy
    assert error.log.is_file()
    if fault == Fault.HANG:
        assert nothing_goes_on(tmp_path)


@pytest.mark.parametrize(
    ("name", "fault", "fact"),
    [("dinet", Fault.MISALIGNED, "landmarks"), ("ip-lap", Fault.NOT_IMPLEMENTED, "no face")],
)
def test_what_only_one_system_says_is_understood_by_its_declaration(
    name: str,
    fault: str,
    fact: str,
    identity: Identity,
    spoken: Case,
    install: Install,
    tmp_path: Path,
) -> None:
    method = install(name, build(name, tmp_path / "checkout", fault))
    method.fit(identity, spoken.split, context(tmp_path))
    method.save(tmp_path / "saved")
    error = refusal(method, identity, spoken, tmp_path / "saved")
    assert isinstance(error, ProgramFailed)
    assert fact in error.reason


@pytest.mark.parametrize("name", ["wav2lip"])
def test_another_commit_is_refused_and_named(
    name: str, identity: Identity, spoken: Case, install: Install, tmp_path: Path
) -> None:
    checkout = build(name, tmp_path / "checkout")
    strict = install(name, checkout, any_commit=False)
    with pytest.raises(TgbenchError, match=declaration_of(name).commit) as caught:
        strict.fit(identity, spoken.split, context(tmp_path))
    assert "any_commit" in str(caught.value)


@pytest.mark.parametrize("name", ["ip-lap"])
def test_missing_weights_are_all_named_with_their_pages(
    name: str, identity: Identity, spoken: Case, install: Install, tmp_path: Path
) -> None:
    checkout = build(name, tmp_path / "checkout")
    for path in STANDINS[name].weights:
        (checkout / path).unlink()
    with pytest.raises(TgbenchError) as caught:
        install(name, checkout).fit(identity, spoken.split, context(tmp_path))
    for fact in ("ip_lap_landmarks", "ip_lap_renderer", "https://github.com/Weizhi-Zhong/IP_LAP"):
        assert fact in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", STANDINS)
def test_odd_output_of_every_system_is_converted_or_refused(
    name: str, identity: Identity, spoken: Case, install: Install, tmp_path: Path
) -> None:
    checkout = build(name, tmp_path / "checkout")
    first = install(name, checkout)
    first.fit(identity, spoken.split, context(tmp_path))
    saved = tmp_path / "saved"
    first.save(saved)
    declaration = declaration_of(name)

    def spoilt(fault: str) -> TgbenchError:
        """Return the error of rendering with a fault."""
        forget_last_stage(tmp_path / "work", declaration)
        spoil(checkout, fault)
        method = install(name, checkout, bounded(declaration, fault))
        return refusal(method, identity, spoken, saved)

    def rendered(fault: str) -> int:
        forget_last_stage(tmp_path / "work", declaration)
        spoil(checkout, fault)
        method = install(name, checkout)
        method.load(saved, identity, spoken.split, "cpu")
        return len(list(method.render(spoken.drive)))

    wanted = len(spoken.drive)
    assert "64x64" in str(spoilt(Fault.WRONG_SIZE))
    if name in _FOLLOW_POSES:
        assert str(wanted - 1) in str(spoilt(Fault.ONE_FEWER))
    else:
        assert rendered(Fault.ONE_FEWER) == wanted
    if declaration.output.audio:
        assert rendered(Fault.SILENT) == wanted
    for fault in (Fault.NOTHING, Fault.MUCH, Fault.HANG):
        error = spoilt(fault)
        assert isinstance(error, ProgramFailed)
        assert _REASONS[fault] in error.reason
    assert nothing_goes_on(tmp_path)
