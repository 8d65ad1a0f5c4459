"""The text of a declaration, of which each test varies what it is about."""

from __future__ import annotations

SOUND = """[[inputs]]
what = "audio"
name = "sound.wav"
phase = "render"
"""

LEARN = """[[train]]
name = "learn"
command = ["python", "train.py", "{identity}", "{seed}"]
makes = ["model/*.pth"]
"""


def system_text(
    facts: str = "",
    environment: str = 'kind = "interpreter"',
    more: str = "",
    inputs: str = SOUND,
    train: str = "",
    speak: str = '["python", "speak.py"]',
    output: str = 'kind = "video"\npath = "out.mp4"',
) -> str:
    """Return a declaration of the system "mine".

    Args:
        facts: lines before the first table.
        environment: lines of its table.
        more: tables before the inputs.
        inputs: their tables.
        train: its tables.
        speak: the command that renders.
        output: lines of its table.
    """
    return f"""
name = "mine"
summary = "a system"
paper = "Nobody et al., 2026"
licence = "MIT"
composite_mode = "full frame"
{facts}
[environment]
{environment}
{more}
{inputs}
{train}
[[render]]
name = "speak"
command = {speak}
[output]
{output}
"""
