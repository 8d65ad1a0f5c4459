from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tgbench.errors import TgbenchError
from tgbench.running.locks import sole_writer

HOLD = """
import sys, time
from pathlib import Path
from tgbench.running.locks import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_writer_is_told_who_holds_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(TgbenchError, match=str(holder.pid)), sole_writer(tmp_path):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with sole_writer(tmp_path):
        pass
