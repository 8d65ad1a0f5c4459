"""`tgbench systems`: from a file to a method with a name, and whether it can run."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.systems.somebody import Somebody, somebody_in
from tgbench import cli, plugins
from tgbench.specs import MethodSpec
from tgbench.systems import added
from tgbench.systems.declaration import read_declaration
from tgbench.systems.spec import read_spec
from tgbench.systems.videos.declaration import read_videos

Systems = Callable[..., tuple[int, str]]


@pytest.fixture
def somebody(tmp_path: Path) -> Somebody:
    made = somebody_in(tmp_path)
    made.edit(
        'kind = "interpreter"', 'kind = "interpreter"\n[resources]\ngpus = 0\nmemory_gb = 0.1'
    )
    return made


@pytest.fixture
def systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Systems:
    """Runs `tgbench systems`; returns its exit code and all that it said."""
    monkeypatch.setenv("TGBENCH_SYSTEMS", str(tmp_path / "systems"))

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(["systems", *words])
        said = capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    return run


def test_an_added_system_has_a_name_and_a_place(systems: Systems, somebody: Somebody) -> None:
    assert systems("add", str(somebody.file), "--checkout", str(somebody.checkout))[0] == 0
    spec = plugins.method("mine")
    assert spec == read_spec(somebody.file)
    assert spec.presets["quick"]["checkout"] == str(somebody.checkout)
    assert str(somebody.checkout) in systems("list")[1]
    assert systems("remove", "mine")[0] == 0
    assert "mine" not in plugins.methods()
    assert somebody.file.is_file()
    assert systems("remove", "mine")[0] == 2


def test_the_place_of_a_system_that_comes_with_tgbench_is_remembered(
    systems: Systems, tmp_path: Path
) -> None:
    assert systems("add", "wav2lip")[0] == 2
    assert systems("add", "wav2lip", "--environment", sys.executable)[0] == 0
    assert sys.executable in systems("show", "wav2lip")[1]
    assert systems("remove", "wav2lip")[0] == 0
    assert "wav2lip" in plugins.methods()


@pytest.mark.parametrize("name", ["still", "wav2lip"])
def test_a_name_that_is_taken_cannot_be_added(
    systems: Systems, somebody: Somebody, name: str
) -> None:
    somebody.edit('name = "mine"', f'name = "{name}"')
    code, said = systems("add", str(somebody.file))
    assert code == 2
    assert f"'{name}'" in said


def test_a_second_file_of_one_name_cannot_be_added(
    systems: Systems, somebody: Somebody, tmp_path: Path
) -> None:
    systems("add", str(somebody.file))
    other = tmp_path / "other.toml"
    other.write_text(somebody.file.read_text())
    code, said = systems("add", str(other))
    assert code == 2
    assert str(somebody.file) in said


def test_a_file_is_checked_whoever_has_its_name(
    systems: Systems, somebody: Somebody, tmp_path: Path
) -> None:
    systems("add", str(somebody.file))
    other = tmp_path / "other.toml"
    other.write_text(somebody.file.read_text().replace("licence =", "license ="))
    code, said = systems("show", str(other))
    assert code == 2
    assert "'licence'" in said


def test_a_checkout_that_is_not_there_is_not_remembered(
    systems: Systems, somebody: Somebody
) -> None:
    systems("add", str(somebody.file), "--checkout", str(somebody.checkout))
    code, said = systems("add", str(somebody.file), "--checkout", "nowhere")
    assert code == 2
    assert "nowhere" in said
    assert plugins.method("mine").presets["quick"]["checkout"] == str(somebody.checkout)


def test_remedies_of_check_are_its_own_options(systems: Systems, somebody: Somebody) -> None:
    (somebody.checkout / "train.py").write_text("changed = True")
    code, said = systems("check", str(somebody.file), "--checkout", str(somebody.checkout))
    assert code == 1
    assert "--any-commit" in said
    assert "--set any_commit" not in said


def test_a_file_in_place_of_a_checkout_is_called_one(systems: Systems, somebody: Somebody) -> None:
    code, said = systems("check", str(somebody.file), "--checkout", str(somebody.file))
    assert code == 1
    assert "is a file" in said


def test_a_file_that_is_gone_stops_no_command(systems: Systems, somebody: Somebody) -> None:
    systems("add", str(somebody.file))
    somebody.file.unlink()
    added._read.cache_clear()
    code, said = systems("list")
    assert code == 0
    assert str(somebody.file) in said
    assert systems("remove", "mine")[0] == 0


def test_check_says_what_is_in_place(
    systems: Systems, somebody: Somebody, tiny_identity: Path
) -> None:
    words = ("check", str(somebody.file), "--checkout", str(somebody.checkout))
    words += ("--environment", sys.executable, "--identity", str(tiny_identity))
    code, said = systems(*words)
    assert code == 0, said
    assert somebody.commit[:8] in said
    assert "missing" not in said


@pytest.mark.parametrize(
    ("spoil", "facts"),
    [
        (lambda it: (it.checkout / "net.pth").unlink(), ["weights net", "the README"]),
        (lambda it: (it.checkout / "train.py").unlink(), ["train.py"]),
        (lambda it: (it.checkout / "train.py").write_text("x"), ["changes", "train.py"]),
        (
            lambda it: it.edit(
                'kind = "interpreter"', 'kind = "interpreter"\nprograms = ["nvccc"]'
            ),
            ["nvccc"],
        ),
        (
            lambda it: it.edit(
                'kind = "interpreter"', 'kind = "interpreter"\npackages = ["no-such==1"]'
            ),
            ["no-such==1"],
        ),
        (lambda it: it.edit("memory_gb", "disk_gb = 1e9\nmemory_gb"), ["disk", "1e+09 GB"]),
    ],
    ids=["weights", "script", "dirty", "program", "package", "disk"],
)
def test_check_names_what_is_missing(
    systems: Systems, somebody: Somebody, spoil: Callable[[Somebody], object], facts: list[str]
) -> None:
    spoil(somebody)
    words = ("--checkout", str(somebody.checkout), "--environment", sys.executable)
    code, said = systems("check", str(somebody.file), *words)
    assert code == 1
    assert [fact for fact in ("missing", *facts) if fact not in said] == [], said


def test_check_looks_into_the_identity(
    systems: Systems, somebody: Somebody, own_identity: Path
) -> None:
    somebody.edit('what = "audio"', 'what = "background"')
    somebody.edit('"{audio}", ', "")
    (own_identity / "bc.jpg").unlink()
    words = ("--checkout", str(somebody.checkout), "--environment", sys.executable)
    code, said = systems("check", str(somebody.file), *words, "--identity", str(own_identity))
    assert code == 1
    assert "bc.jpg" in said


def test_the_template_is_a_sound_declaration(
    systems: Systems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert systems("new", "ours", "--repository", "https://example.org/ours")[0] == 0
    assert read_declaration(tmp_path / "ours.toml").repository == "https://example.org/ours"
    assert systems("new", "ours")[0] == 2
    assert systems("new", "Not A Name")[0] == 2


def test_the_template_for_videos_lies_beside_them(systems: Systems, tmp_path: Path) -> None:
    (tmp_path / "demos").mkdir()
    assert systems("new", "ours", "--videos", str(tmp_path / "demos"))[0] == 0
    assert read_videos(tmp_path / "demos" / "ours.toml").name == "ours"


def test_methods_that_run_in_tgbench_are_no_systems(systems: Systems) -> None:
    code, said = systems("check", "still")
    assert code == 2
    assert "still" in said


def test_a_template_that_is_not_filled_in_is_named(
    systems: Systems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    systems("new", "ours")
    for words in (("show", "ours.toml"), ("add", "ours.toml"), ("check", "ours.toml")):
        assert "summary, paper, licence" in systems(*words)[1], words
    text = Path("ours.toml").read_text().replace("what it is, in a line", "a system")
    Path("ours.toml").write_text(text)
    said = systems("show", "ours.toml")[1]
    assert "paper, licence" in said
    assert "summary, paper" not in said


@pytest.mark.parametrize("name", ["still", "wav2lip"])
def test_no_template_is_written_for_a_name_that_is_taken(
    systems: Systems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = systems("new", name)
    assert code == 2
    assert name in said
    assert list(tmp_path.glob("*.toml")) == []


def test_a_system_whose_name_a_plug_in_takes_later_is_not_hidden_silently(
    systems: Systems, somebody: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems("add", str(somebody.file))
    before = plugins._specs
    installed = before("methods", MethodSpec)
    taken = {**installed, "mine": dataclasses.replace(installed["still"], name="mine")}
    monkeypatch.setattr(
        plugins, "_specs", lambda group, kind: taken if group == "methods" else before(group, kind)
    )
    plugins._say_hidden.cache_clear()
    code, said = systems("list")
    assert code == 0
    assert f"{somebody.file}: a plug-in has a method 'mine'" in said
    assert plugins.methods()["mine"] == taken["mine"]


def test_what_was_added_moves_out_of_the_cache(
    somebody: Somebody, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where earlier versions kept it, clearing the cache lost it."""
    former = tmp_path / "cache" / "systems"
    former.mkdir(parents=True)
    (former / "mine.toml").symlink_to(somebody.file)
    (former / "places.json").write_text('{"mine": {"checkout": "/there"}}')
    monkeypatch.delenv("TGBENCH_SYSTEMS")
    monkeypatch.setenv("TGBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert plugins.method("mine").presets["quick"]["checkout"] == "/there"
    assert not former.exists()
    assert (tmp_path / "config" / "tgbench" / "systems" / "places.json").is_file()
