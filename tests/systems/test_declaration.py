"""Declarations of systems are checked completely when they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.specs import CompositeMode, LeakedCondition, Timed
from tgbench.systems.declaration import read_declaration
from tgbench.systems.placeholders import expand
from tgbench.systems.spec import read_spec

from .text import LEARN, system_text

SYSTEM = system_text(train=LEARN, speak='["python", "speak.py", "{audio}", "{output}"]')


def written(folder: Path, text: str = SYSTEM) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_declaration_says_what_it_says(tmp_path: Path) -> None:
    found = read_declaration(written(tmp_path))
    assert found.name == "mine"
    assert found.trains
    assert found.composite_mode is CompositeMode.FULL_FRAME
    assert found.render[0].command == ("python", "speak.py", "{audio}", "{output}")
    assert [each.what for each in found.inputs_of("render")] == ["audio"]
    assert found.inputs_of("fit") == []
    assert found.path == tmp_path / "mine.toml"


def test_the_light_spec_agrees_with_the_whole_declaration(tmp_path: Path) -> None:
    text = SYSTEM.replace(
        'composite_mode = "full frame"',
        'composite_mode = "full frame"\nhears_audio = false\nframe_aligned = false\n'
        'leaked_conditions = ["true head pose"]\naudio_features = "deepspeech"',
    )
    spec, whole = read_spec(written(tmp_path, text)), read_declaration(written(tmp_path, text))
    assert spec.leaked_conditions == whole.leaked_conditions == (LeakedCondition.HEAD_POSE,)
    assert spec.composite_mode is whole.composite_mode
    assert spec.hears_audio is whole.hears_audio is False
    assert spec.frame_aligned is whole.frame_aligned is False
    assert spec.trains is whole.trains is True
    assert spec.timed is Timed.UNTIMED
    assert spec.presets["quick"] == {"audio_features": whole.audio_features}


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ("licence =", "license =", ["license", "licence"]),
        ("makes =", "make =", ["train.1.make", "makes"]),
        ("{seed}", "{sede}", ["train.1.command", "{sede}", "{seed}"]),
        ("{seed}", "{seed", ["train.1.command", "brace"]),
        ("{seed}", "{frames}", ["train.1", "{frames}", "[[render]]"]),
        ("{seed}", "{audio}", ["train.1", "{audio}", "fit"]),
        ('"out.mp4"', '"../out.mp4"', ["output.path", "../out.mp4"]),
        ('"out.mp4"', '"/tmp/out.mp4"', ["output.path", "/tmp/out.mp4"]),
        ('"out.mp4"', '"out_*.mp4"', ["render.1", "{output}", "wildcards"]),
        ('"sound.wav"', '"a/../../b.wav"', ["inputs.1.name", "a/../../b.wav"]),
        ('"model/*.pth"', '"~/model"', ["train.1.makes", "~/model"]),
        ("makes =", 'needs = ["{checkout}/../x"]\nmakes =', ["train.1.needs", "{checkout}/../x"]),
        ("{seed}", "{checkout}/../x", ["train.1.command", "{checkout}/../x"]),
        ('phase = "render"', 'phase = "render"\nsilence = 9', ["inputs.1.silence", "5"]),
        ('what = "audio"', 'what = "identity"\nsilence = 1', ["inputs.1.silence", "audio"]),
        (
            "[output]",
            "[[failures]]\npattern = '('\nreason = 'r'\nremedy = 'r'\n[output]",
            ["failures.1.pattern", "regular expression"],
        ),
        ("makes =", 'folder = "data"\nmakes =', ["train.1.folder", "{checkout}"]),
        ('"full frame"', '"fool frame"', ["composite_mode", "full frame"]),
        ('"full frame"', '"face pasted on the true video"', ["composite_mode", "truth"]),
        ('phase = "render"', 'shows = "truth"', ["leaked_conditions", "true upper face"]),
        ('"interpreter"', '"docker"', ["environment.image", "docker"]),
        ('"interpreter"', '"interpreter"\nimage = "x"', ["environment.image", "interpreter"]),
        ("[environment]", '[weights]\nsyncnett = "a"\n[environment]', ["syncnett", "syncnet"]),
        ('"speak"', '"learn"', ["render.1.name", "learn"]),
        ('name = "mine"', 'name = "My system"', ["name", "mine.toml"]),
        ('name = "mine"', "name = 3", ["name", "mine.toml"]),
        ("[output]", "[output", ["mine.toml", "TOML"]),
        ("[output]", "x = " + "[" * 5000 + "]" * 5000 + "\n[output]", ["mine.toml", "TOML"]),
        ('["python", "train.py", "{identity}", "{seed}"]', '"python"', ["train.1.command", '["a"']),
        ('"{seed}"]', "3]", ["train.1.command.4", "text in quotes", "3"]),
        ('"MIT"', '"MIT"\nhears_audio = "yes"', ["hears_audio", "true or false", '"yes"']),
        ('"MIT"', '"MIT"\ncommit = "v1.0"', ["commit", "v1.0", "7 to 40"]),
        ('"MIT"', '"MIT"\ntraps = "blinks"', ["traps", "list of texts", '"blinks"']),
        ("[[train]]", "[train]", ["train", "[["]),
        ("makes =", 'time_limit = "1h"\nmakes =', ["train.1.time_limit", "a number", '"1h"']),
        ("makes =", "time_limit = 0\nmakes =", ["train.1.time_limit", "more than 0"]),
        ('phase = "render"', "size = [512, 512, 3]", ["inputs.1.size", "2"]),
        ('phase = "render"', 'size = "512"', ["inputs.1.size", "numbers", '"512"']),
        ('"interpreter"', '"interpreter"\nresources = 3', ["environment.resources"]),
        ('kind = "video"', 'kind = "film"', ["output.kind", "'video'", '"film"']),
        # Names, converters, variables and paths.
        ('name = "mine"', 'name = "../mine"', ["name", "../mine"]),
        ('"learn"', '"Learn it"', ["train.1.name", "Learn it"]),
        ('phase = "render"', 'converter = "os.system"', ["inputs.1.converter", "os.system"]),
        ('phase = "render"', 'converter = "../a.py:f"', ["inputs.1.converter", "../a.py:f"]),
        ('kind = "video"', 'kind = "video"\nconverter = "a b:C"', ["output.converter", "a b:C"]),
        ("makes =", 'variables = {"A=B" = "1"}\nmakes =', ["train.1.variables", "A=B"]),
        ('"interpreter"', '"interpreter"\nvariables = {X = "{audio}"}', ["variables.X", "{audio}"]),
        ('"interpreter"', '"interpreter"\ninterpreter = "-c"', ["environment.interpreter", "-c"]),
        ('"interpreter"', '"docker"\nimage = "--privileged"', ["environment.image", "--privil"]),
        ('"interpreter"', '"conda"\nfile = "../env.yml"', ["environment.file", "../env.yml"]),
        ("makes =", 'needs = ["{checkout}{workdir}/x"]\nmakes =', ["train.1.needs", "{workdir}/x"]),
        ("makes =", 'needs = ["{checkout}x"]\nmakes =', ["train.1.needs", "{checkout}x"]),
        ("makes =", 'folder = "{workdir}/../x"\nmakes =', ["train.1.folder", "{workdir}/../x"]),
        ('"out.mp4"', '"out\\\\b.mp4"', ["output.path", "out"]),
        ('"out.mp4"', '"out.mp4"\nfps = 0.5', ["output.fps", "at least 1"]),
        ('phase = "render"', "rate = 0.5", ["inputs.1.rate", "at least 1"]),
        (
            "[environment]",
            '[weights]\nnet = {path = "{name}.pth", source = "x"}\n[environment]',
            ["weights.net.path", "{name}"],
        ),
    ],
)
def test_bad_declarations_are_refused_in_one_line(
    tmp_path: Path, before: str, after: str, facts: list[str]
) -> None:
    path = written(tmp_path, SYSTEM.replace(before, after, 1))
    with pytest.raises(TgbenchError) as caught:
        read_declaration(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert not [fact for fact in facts if fact not in message], message


@pytest.mark.parametrize(
    ("name", "is_sound"),
    [
        ("%05d.png", True),
        ("%d.jpg", True),
        ("frames", True),
        ("%s.png", False),
        ("%d%d.png", False),
    ],
)
def test_numbers_of_frames_are_one_whole_number(tmp_path: Path, name: str, is_sound: bool) -> None:
    text = SYSTEM.replace('what = "audio"\nname = "sound.wav"', f'what = "frames"\nname = "{name}"')
    path = written(tmp_path, text.replace("{audio}", "{identity}"))
    if is_sound:
        assert read_declaration(path).inputs[0].name == name
        return
    with pytest.raises(TgbenchError, match=r"inputs\.1\.name: .*%d"):
        read_declaration(path)


@pytest.mark.parametrize("converter", ["package.module:function", "beside_it.py:Class"])
def test_converters_are_of_a_module_or_of_a_file_beside_it(tmp_path: Path, converter: str) -> None:
    text = SYSTEM.replace('kind = "video"', f'kind = "video"\nconverter = "{converter}"')
    assert read_declaration(written(tmp_path, text)).output.converter == converter


def test_the_light_spec_names_the_file_and_the_field(tmp_path: Path) -> None:
    path = written(tmp_path, SYSTEM.replace('licence = "MIT"\n', ""))
    with pytest.raises(TgbenchError, match="licence") as caught:
        read_spec(path)
    assert str(path) in str(caught.value)


def test_placeholders_take_values_and_doubled_braces_stay() -> None:
    assert expand("{name}/{{x}}/{seed}", {"name": "may", "seed": "3"}) == "may/{x}/3"


@pytest.mark.parametrize("file", sorted(Path("baselines/systems").glob("*.toml")), ids=str)
def test_what_comes_with_tgbench_is_sound(file: Path) -> None:
    found = read_declaration(file)
    assert found.name == file.stem
    assert found.commit
    assert read_spec(file).resources.gpus == found.resources.gpus == 1, "or a job would get none"
