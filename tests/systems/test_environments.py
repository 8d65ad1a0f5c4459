"""What commands run in: interpreters, conda environments, containers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tgbench.errors import Unavailable
from tgbench.systems import environments
from tgbench.systems.declaration import Declaration, read_declaration
from tgbench.systems.environments import contents_of, environment_of, environment_prefix
from tgbench.systems.launching import Command
from tgbench.systems.programs import ProgramFailed, run_program

from .conftest import MakeProgram
from .text import system_text

RECORD = 'printf "%s\\n" "$@" > "$RECORD"'


def declared(folder: Path, environment: str) -> Declaration:
    path = folder / "mine.toml"
    path.write_text(system_text(environment=environment))
    return read_declaration(path)


def ran(folder: Path, environment: str, *command: str, override: str | None = None) -> str:
    """Return the last line that a command says in an environment."""
    found = environment_of(declared(folder, environment), override, folder)
    launch = found.launch(Command(command, folder, (folder,), {"ADDED": "a, b"}))
    run_program(launch.argv, cwd=folder, env=launch.env, log=folder / "log")
    return (folder / "log").read_text().splitlines()[-1]


def test_python_is_that_of_the_environment_and_so_is_what_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "bin"
    other.mkdir(parents=True)
    (other / "python").symlink_to(sys.executable)
    beside = other / "beside"
    beside.write_text("#!/bin/sh\necho beside $ADDED $PYTHONPATH\n")
    beside.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", "/of/tgbench")
    place = f'kind = "interpreter"\ninterpreter = "{other / "python"}"'
    assert ran(tmp_path, place, "beside") == "beside a, b"
    code = "import os, sys; print(sys.executable, 'PYTHONPATH' in os.environ)"
    assert ran(tmp_path, place, "python", "-c", code) == f"{other / 'python'} False"
    folder = str(tmp_path / "other")
    assert ran(tmp_path, 'kind = "interpreter"', "beside", override=folder) == "beside a, b"


def test_an_interpreter_that_is_not_named_or_not_there(tmp_path: Path) -> None:
    nameless = declared(tmp_path, 'kind = "interpreter"\npython = "3.6"\nremedy = "install it"')
    with pytest.raises(Unavailable, match=r"3\.6.*--set environment=PATH; install it"):
        environment_of(nameless, None, tmp_path)
    with pytest.raises(Unavailable, match=r"nowhere/python.*--set environment"):
        environment_of(nameless, str(tmp_path / "nowhere" / "python"), tmp_path)


def test_what_is_installed_is_found_by_its_own_python(tmp_path: Path) -> None:
    found = environment_of(declared(tmp_path, 'kind = "interpreter"'), sys.executable, tmp_path)
    contents = contents_of(found, "mine", tmp_path)
    assert contents.python == ".".join(map(str, sys.version_info[:3]))
    import numpy

    assert contents.packages["numpy"] == numpy.__version__
    assert f"numpy {numpy.__version__}" in str(contents)


def test_a_python_that_does_not_run(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text(
        "#!/bin/sh\necho 'libpython3.6m.so.1.0: cannot open shared object file'\nexit 1"
    )
    broken.chmod(0o755)
    found = environment_of(declared(tmp_path, 'kind = "interpreter"'), str(broken), tmp_path)
    with pytest.raises(Unavailable, match=r"libpython3\.6m"):
        contents_of(found, "mine", tmp_path)


def test_a_conda_environment_is_made_only_when_asked(
    tmp_path: Path, on_path: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAMBA_EXE", raising=False)
    made = f'mkdir -p "$4/bin" "$4/conda-meta" && ln -s {sys.executable} "$4/bin/python"'
    on_path("micromamba", f'if [ "$1" = create ]; then {made}; else shift 3; exec "$@"; fi')
    (tmp_path / "mine.yaml").write_text("dependencies: [python=3.8]\n")
    wanted = declared(tmp_path, 'kind = "conda"\nfile = "mine.yaml"')
    prefix, _ = environment_prefix(wanted, tmp_path)
    with pytest.raises(Unavailable, match=str(prefix)):
        environment_of(wanted, None, tmp_path)
    environment_of(wanted, None, tmp_path, create=True)
    code = "import os; print(os.environ['CONDA_PREFIX'])"
    said = ran(tmp_path, 'kind = "conda"\nfile = "mine.yaml"', "python", "-c", code)
    assert said == str(prefix)
    (tmp_path / "mine.yaml").write_text("dependencies: [python=3.9]\n")
    assert environment_prefix(wanted, tmp_path)[0] != prefix, "another file, another environment"


def test_a_conda_environment_that_does_not_solve(
    tmp_path: Path, on_path: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAMBA_EXE", raising=False)
    on_path(
        "micromamba",
        'mkdir -p "$4/bin"; echo "error    libmamba Could not solve for environment specs" >&2; '
        "exit 1",
    )
    (tmp_path / "odd.yaml").write_text("dependencies: [torch=0.0]\n")
    wanted = declared(tmp_path, 'kind = "conda"\nfile = "odd.yaml"')
    with pytest.raises(ProgramFailed, match="cannot be solved") as failed:
        environment_of(wanted, None, tmp_path, create=True)
    assert failed.value.log.is_file()
    assert not environment_prefix(wanted, tmp_path)[0].exists()
    (tmp_path / "odd.yaml").unlink()
    with pytest.raises(Unavailable, match=r"odd\.yaml"):
        environment_of(wanted, None, tmp_path)


@pytest.mark.parametrize("program", ["docker", "podman"])
def test_a_container_sees_the_work_folder_and_nothing_is_pulled(
    tmp_path: Path, on_path: MakeProgram, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    on_path(program, RECORD)
    monkeypatch.setenv("RECORD", str(tmp_path / "words"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    wanted = declared(tmp_path, f'kind = "{program}"\nimage = "lips@sha256:{"0" * 64}"')
    found = environment_of(wanted, None, tmp_path)
    work, weights = tmp_path / "work", tmp_path / "weights"
    launch = found.launch(Command(("python", "a.py", "x y"), work, (work, weights), {"SEED": "1"}))
    run_program(launch.argv, cwd=tmp_path, env=launch.env, log=tmp_path / "log")
    words = (tmp_path / "words").read_text().splitlines()
    assert words[:2] == ["run", "--rm"]
    assert words[words.index("--pull") + 1] == "never"
    assert words[words.index("--workdir") + 1] == str(work)
    assert f"{work}:{work}" in words
    assert f"{weights}:{weights}:ro" in words
    assert "SEED=1" in words
    assert any("2,3" in word or word == "nvidia.com/gpu=2" for word in words)
    assert words[-4:] == ["python", f"lips@sha256:{'0' * 64}", "a.py", "x y"]
    name = words[words.index("--name") + 1]
    assert launch.stop == (program, "kill", name)


def test_a_container_is_ended_with_its_client(
    tmp_path: Path, on_path: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path("docker", 'if [ "$1" = kill ]; then echo "$2" > "$RECORD"; else sleep 60; fi')
    monkeypatch.setenv("RECORD", str(tmp_path / "killed"))
    wanted = declared(tmp_path, 'kind = "docker"\nimage = "lips:1"')
    launch = environment_of(wanted, None, tmp_path).launch(Command(("x",), tmp_path, (tmp_path,)))
    with pytest.raises(ProgramFailed):
        run_program(
            launch.argv,
            cwd=tmp_path,
            env=launch.env,
            log=tmp_path / "log",
            time_limit=0.3,
            stop=launch.stop,
        )
    assert (tmp_path / "killed").read_text().strip() == launch.stop[-1]


def test_a_look_into_a_container_that_takes_too_long_leaves_none(
    tmp_path: Path, on_path: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(
        "docker",
        'case "$1" in image) echo sha;; kill) echo "$2" > "$RECORD.killed";; '
        '*) echo "$*" > "$RECORD"; sleep 60;; esac',
    )
    monkeypatch.setenv("RECORD", str(tmp_path / "started"))
    monkeypatch.setattr(environments, "_SECONDS", 0.3)
    found = environment_of(declared(tmp_path, 'kind = "docker"\nimage = "lips:1"'), None, tmp_path)
    with pytest.raises(Unavailable, match=r"mine: .*does not answer"):
        contents_of(found, "mine", tmp_path)
    name = (tmp_path / "started.killed").read_text().strip()
    assert f"--name {name} " in (tmp_path / "started").read_text()


def test_an_image_that_is_not_here(tmp_path: Path, on_path: MakeProgram) -> None:
    on_path("docker", 'echo "Error: No such image: lips:1" >&2; exit 1')
    wanted = declared(tmp_path, 'kind = "docker"\nimage = "lips:1"')
    with pytest.raises(Unavailable, match=r"lips:1.*docker pull lips:1"):
        contents_of(environment_of(wanted, None, tmp_path), "mine", tmp_path)


def test_apptainer_is_given_values_with_commas(
    tmp_path: Path, on_path: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path("apptainer", f'{RECORD}; env | grep APPTAINERENV_ADDED >> "$RECORD"')
    monkeypatch.setenv("RECORD", str(tmp_path / "words"))
    image = tmp_path / "lips.sif"
    ran(tmp_path, f'kind = "apptainer"\nimage = "{image}"', "python", "a.py")
    words = (tmp_path / "words").read_text().splitlines()
    assert words[-1] == "APPTAINERENV_ADDED=a, b"
    assert words[-4:-1] == [str(image), "python", "a.py"]
    wanted = declared(tmp_path, f'kind = "apptainer"\nimage = "{image}"')
    with pytest.raises(Unavailable, match=r"lips\.sif"):
        environment_of(wanted, None, tmp_path).image()


def test_a_declaration_for_a_container_may_run_in_an_environment_of_this_machine(
    tmp_path: Path,
) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(sys.executable)
    said = ran(
        tmp_path,
        'kind = "docker"\nimage = "lips:1"',
        "python",
        "-c",
        "import json, os; print(json.dumps(os.environ['PATH'].split(os.pathsep)[0]))",
        override=str(tmp_path / "env"),
    )
    assert json.loads(said) == os.path.join(tmp_path, "env", "bin")
