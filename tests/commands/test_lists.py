from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pytest

from tgbench import cli, plugins
from tgbench.commands.lists import add_list, names, pairs, paths, phrases, stand_alone
from tgbench.errors import TgbenchError


def parsed(command: str, words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    plugins.commands()[command].load().add_arguments(parser)
    return parser.parse_args(list(words))


@pytest.mark.parametrize(
    "words",
    [
        ["still", "toy"],
        ["still,toy"],
        ["still, toy"],
        ["still toy"],
        ["still,", "toy,"],
    ],
)
def test_blanks_and_commas_part_values(words: list[str]) -> None:
    assert names(words) == ["still", "toy"]


def test_pairs_keep_the_commas_of_their_values() -> None:
    assert pairs(["a=1,b=2", "c=3"]) == ["a=1", "b=2", "c=3"]
    assert pairs(["a=1,2,b=3"]) == ["a=1,2", "b=3"]
    assert pairs(["SSIM (face, Gaussian)=0.1,LMD=1"]) == ["SSIM (face, Gaussian)=0.1", "LMD=1"]


def test_a_path_that_is_there_may_hold_a_comma(tmp_path: Path) -> None:
    odd = tmp_path / "a,b.wav"
    odd.touch()
    assert paths([str(odd), "x.wav,y.wav"]) == [odd, Path("x.wav"), Path("y.wav")]


OPTIONS = {
    "run": {
        "--method": "method",
        "--identity": "identity",
        "--audio": "audio",
        "--set": "settings",
    },
    "report": {"--rows": "rows", "--columns": "columns"},
    "compare": {"--methods": "methods"},
    "gate": {"--tolerance": "tolerance"},
    "bundle": {"--identity": "identity", "--audio": "audio"},
    "verify": {"--identity": "identity", "--audio": "audio"},
    "score": {"--action-units": "action_units", "--aligned-faces": "aligned_faces"},
}
NEEDED = {
    "run": ["--method", "still", "--protocol", "x"],
    "export": ["--method", "still", "--output", "x"],
    "gate": ["--baseline", "b"],
}


@pytest.mark.parametrize(
    ("command", "flag", "dest"),
    [(command, flag, dest) for command, flags in OPTIONS.items() for flag, dest in flags.items()],
)
def test_every_list_of_every_command_takes_both(command: str, flag: str, dest: str) -> None:
    needed = [] if flag == "--method" else NEEDED.get(command, [])
    needed = ["--protocol", "x"] if command == "run" and flag == "--method" else needed
    values = ["a=1", "b=2"] if flag in ("--set", "--tolerance") else ["a", "b"]
    found = [
        list(map(str, getattr(parsed(command, [*needed, flag, *words]), dest)))
        for words in (values, [",".join(values)])
    ]
    assert found == [values, values]


@pytest.mark.parametrize("command", ["run", "score", "report", "compare"])
def test_metrics_are_lists_everywhere_and_may_be_given_again(command: str) -> None:
    needed = NEEDED.get(command, [])
    words = ["--metrics", "psnr", "lmd", "--metrics", "SSIM (face)"]
    assert parsed(command, [*needed, *words]).metrics == ["psnr", "lmd", "SSIM (face)"]
    assert parsed(command, needed).metrics is None


def test_what_follows_a_list_and_is_a_folder_is_what_the_command_is_about(tmp_path: Path) -> None:
    results, other = str(tmp_path), str(tmp_path / "..")
    for words in (
        ["--metrics", "psnr,lmd", results],
        ["--metrics", "psnr", "lmd", results],
        [results, "--metrics", "psnr", "lmd"],
        ["--metrics", "psnr", "lmd", results, "--rows", "method"],
    ):
        args = parsed("report", words)
        assert stand_alone(args, "folders") == [results]
        assert ",".join(args.metrics) == "psnr,lmd"
    args = parsed("report", ["--metrics", "psnr", results, other])
    assert stand_alone(args, "folders") == [results, other]
    args = parsed("bundle", ["--identity", results, other])
    assert stand_alone(args, "folder", most=1) == [other]
    assert args.identity == [Path(results)]


def test_what_is_beyond_the_number_of_a_list_stands_alone() -> None:
    args = parsed("compare", ["--methods", "still", "toy", "results"])
    assert (args.methods, stand_alone(args, "folders")) == (["still", "toy"], ["results"])
    args = parsed("compare", ["--methods", "still,toy", "before", "after"])
    assert (args.methods, stand_alone(args, "folders", 2)) == (
        ["still", "toy"],
        ["before", "after"],
    )
    args = parsed("score", ["--face-box", "1", "2,3", "4", "a.mp4", "b.mp4"])
    assert args.face_box == ["1", "2", "3", "4"]
    assert stand_alone(args, "clips") == ["a.mp4", "b.mp4"]


def test_too_few_and_too_many_are_told() -> None:
    with pytest.raises(TgbenchError, match="--methods still: takes 2 values"):
        parsed("compare", ["--methods", "still"])
    with pytest.raises(TgbenchError, match="'c': what is it for"):
        stand_alone(parsed("compare", ["a", "b", "c"]), "folders", most=2)


def test_the_option_with_a_wrong_number_is_named() -> None:
    with pytest.raises(TgbenchError, match=r"^--seed x: must be a whole number"):
        parsed("run", ["--seed", "1", "x"])


def test_help_says_how_values_are_parted() -> None:
    parser = argparse.ArgumentParser()
    add_list(parser, "--metrics", phrases, "which", metavar="NAME")
    assert "which (separated by spaces or commas)" in " ".join(parser.format_help().split())


@pytest.mark.parametrize("command", sorted(plugins.commands()))
def test_help_fits_a_terminal_of_80_columns(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    parser = argparse.ArgumentParser(prog=f"tgbench {command}")
    plugins.commands()[command].load().add_arguments(parser)
    assert [line for line in parser.format_help().splitlines() if len(line) > 80] == []


@pytest.mark.parametrize(
    "words", [["bundle", "x", "--out", "a.zip"], ["run", "--proto", "lipsync"]]
)
def test_options_are_written_in_full(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert words[-2] in capsys.readouterr().err
