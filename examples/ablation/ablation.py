"""Tables 4 and 5 of the TalkingGaussian paper: every part switched off in turn, over seeds.

    python examples/ablation/ablation.py --identity synth-a --seeds 3
    python examples/ablation/ablation.py --identity data/NAME --out results/NAME --preset paper

Every run is kept, so that a stopped table goes on where it was; the last lines are the table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

NO_SAMPLING = "incremental_sampling=false"
ROWS: dict[str, tuple[str, ...]] = {
    "full": (),
    "without_is": (NO_SAMPLING,),
    "without_is_fmd": (NO_SAMPLING, "face_mouth_decomposition=false"),
    "appearance": (NO_SAMPLING, "motion=appearance"),
    "appearance_without_fmd": (
        NO_SAMPLING,
        "motion=appearance",
        "face_mouth_decomposition=false",
    ),
    "alpha": ("predict_opacity=true",),
    "alpha_rgb": ("predict_opacity=true", "predict_color=true"),
}


def main() -> int:
    """Run the rows, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--identity", default="synth-a")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--seeds", type=int, default=3, help="how many (3)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, default=Path("results/ablation"))
    args = parser.parse_args()
    for seed in range(args.seeds):
        for row in args.rows:
            settings = [f"--set={setting}" for setting in (*args.set, *ROWS[row])]
            command = [
                "run",
                "--method=talkinggaussian",
                "--protocol=self_reconstruction",
                f"--identity={args.identity}",
                f"--preset={args.preset}",
                f"--seed={seed}",
                f"--out={args.out / row / str(seed)}",
                *settings,
            ]
            if status := tgbench(*command):
                return status
    return tgbench("report", str(args.out))


def tgbench(*arguments: str) -> int:
    """Run the command line of this Python's tgbench; return its exit status."""
    return subprocess.run([sys.executable, "-m", "tgbench", *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main())
