"""Processes of ours in the folder that a user works in."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tgbench.processes.python import python_command


def test_files_of_the_working_folder_do_not_stand_in_for_modules(tmp_path: Path) -> None:
    for name in ("json.py", "queue.py", "tgbench.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong module')\n")
    command = python_command("-m", "tgbench", "list", "methods")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "talkinggaussian" in done.stdout
