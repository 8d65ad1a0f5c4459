"""The experiments that come with tgbench: the paper's tables, DGTalker's, and one of our own."""

from __future__ import annotations

from pathlib import Path

from tgbench.specs import ExperimentSpec

_FOLDER = Path(__file__).parent
_SUMMARIES = {
    "self-reconstruction": "table 1: every method on every identity, with its own held-out sound",
    "lip-synchronization": "table 2: two tracks of other people drive two identities",
    "user-study": "table 3: the videos that people rate (`tgbench study` goes on from there)",
    "ablation": "table 4: motion, face-mouth decomposition and incremental sampling switched off",
    "hybrid-motion": "table 5: deformation that also decodes opacity and colour",
    "audio-encoders": "table 6: one method with each audio encoder",
    "cross-lingual": "table 7: speech in other languages, of either gender, and a song",
}


def _spec(name: str, summary: str) -> ExperimentSpec:
    return ExperimentSpec(name, summary, str(_FOLDER / f"{name}.toml"))


PAPER = tuple(_spec(name, summary) for name, summary in _SUMMARIES.items())
"""One for each table of the TalkingGaussian paper."""

DGTALKER = (
    _spec("dgtalker", "self-driven; the same, and other speech, seen by moving cameras"),
    _spec("dgtalker-ablation", "the same settings: blendshapes, masks and prior switched off"),
)

OWN = (
    _spec("native-baselines", "the baselines that run here, without a checkout, over three seeds"),
)
