"""Options that say which fit is meant, the same for every command that makes or uses one."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """Declare --preset, --set, --size, --device, --seed and --out."""
    parser.add_argument(
        "--preset",
        default="quick",
        metavar="NAME",
        help="quick: minutes on two cores; paper: the published schedule; or another that the "
        "method has (quick)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="change one setting of the method (repeatable)",
    )
    parser.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help="side of built-in identities (256 for quick, else 512)",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="where results go (results)",
    )


def add_measuring_options(parser: argparse.ArgumentParser) -> None:
    """Declare --metrics and --landmarks."""
    parser.add_argument(
        "--metrics",
        nargs="+",
        metavar="NAME",
        help="which metrics, variants included; `tgbench list` has them (all that apply)",
    )
    parser.add_argument(
        "--landmarks",
        choices=("mediapipe", "fan"),
        default="mediapipe",
        help="what finds the 68 landmarks of a face (mediapipe)",
    )
