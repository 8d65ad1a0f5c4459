"""LaTeX as its users run it."""

from __future__ import annotations

import subprocess
from pathlib import Path


def compile_latex(source: Path, *options: str) -> str:
    """Compile a file beside itself and return what pdflatex says; no letter may be missing."""
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", *options, source.name],
        cwd=source.parent,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in source.with_suffix(".log").read_text(errors="replace")
    return done.stdout
