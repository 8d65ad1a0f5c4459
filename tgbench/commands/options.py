"""Options that say which fit is meant, the same for every command that makes or uses one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .lists import add_list, pairs, phrases

if TYPE_CHECKING:
    from ..running.finished_fit import FitRequest


def add_finished_fit_options(parser: argparse.ArgumentParser) -> None:
    """Declare --method and --identity, and what else names a finished fit; see `fit_request`."""
    parser.add_argument("--method", required=True, metavar="NAME", help="the fitted method")
    parser.add_argument(
        "--identity",
        default="synth-a",
        metavar="NAME|FOLDER",
        help="a built-in identity or a prepared folder (default: synth-a)",
    )
    add_fit_options(parser)
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of every random choice (0)"
    )


def fit_request(args: argparse.Namespace) -> FitRequest:
    """Return which fit the options of `add_finished_fit_options` name."""
    from ..running.environment import resolve_device
    from ..running.finished_fit import FitRequest
    from ..running.request import default_size
    from ..running.settings import parse_overrides

    return FitRequest(
        method=args.method,
        identity=args.identity,
        preset=args.preset,
        overrides=parse_overrides(args.settings),
        size=args.size or default_size([args.method], args.preset),
        device=resolve_device(args.device),
        seed=args.seed,
        out=args.out,
    )


def add_fit_options(parser: argparse.ArgumentParser) -> None:
    """Declare --preset, --set, --size, --device and --out."""
    add_method_options(parser)
    parser.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help="side of built-in identities in pixels (what the method's preset is made for)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="where results go (results)",
    )


def add_method_options(parser: argparse.ArgumentParser) -> None:
    """Declare --preset, --set and --device."""
    parser.add_argument(
        "--preset",
        default="quick",
        metavar="NAME",
        help="quick: minutes on two cores; paper: the published schedule; or another of "
        "`tgbench list presets` (quick)",
    )
    add_list(
        parser,
        "--set",
        pairs,
        "change settings of the method; `tgbench list settings METHOD` has them",
        metavar="KEY=VALUE",
        dest="settings",
        default=[],
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="what to compute on (auto)",
    )


def add_measuring_options(parser: argparse.ArgumentParser) -> None:
    """Declare --metrics, --landmarks, --floor and --through-codec."""
    add_list(
        parser,
        "--metrics",
        phrases,
        "which metrics, by name or title, variants included; `tgbench list metrics` has them (all "
        "that apply)",
        metavar="NAME",
    )
    parser.add_argument(
        "--landmarks",
        choices=("mediapipe", "fan"),
        default="mediapipe",
        help="what finds the 68 landmarks of a face (mediapipe)",
    )
    parser.add_argument(
        "--floor",
        action="store_true",
        help="measure the truth after H.264 (crf 23) against itself, too: values nearer than that "
        "say nothing",
    )
    parser.add_argument(
        "--through-codec",
        action="store_true",
        help="measure prediction and truth as they come out of H.264 files, as TalkingGaussian's "
        "script does (docs/metrics.md)",
    )
