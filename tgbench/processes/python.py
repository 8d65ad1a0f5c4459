"""How to start this Python for a process of tgbench's own."""

from __future__ import annotations

import sys


def python_command(*arguments: str) -> list[str]:
    """Return what runs this Python with arguments, such as `-m` and a module of ours.

    Modules are not looked for in the working folder, where a user's `json.py` may lie.
    """
    return [sys.executable, "-P", *arguments]
