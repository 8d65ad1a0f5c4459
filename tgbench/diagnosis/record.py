"""Store what the metrics give on the calibration clip: ``python -m tgbench.diagnosis.record``.

To be run after a deliberate change of a metric or of the clip, on an installation whose metrics
agree with their references; the difference is then seen in review.
"""

from __future__ import annotations

from ..files import write_json
from .calibration import EXPECTED, calibrated_metrics, measure_clip, read_expected

_TOLERANCES = {
    "psnr": 0.05,
    "psnr_face": 0.05,
    "ssim_face": 0.002,
    "ssim_face_gaussian": 0.002,
    "ssim_face_skimage": 0.002,
    "ssim": 0.001,
    "lmd": 0.05,
    "lmd_relative": 0.001,
    "lmd_face": 0.05,
    "lmd_sum": 1.0,
    "lmd_absolute": 0.05,
    "aue_l_geometry": 0.2,
    "aue_u_geometry": 0.2,
    "lip_agreement": 0.02,
    "lip_lag": 0.5,
}
"""Another processor rounds colours and landmarks otherwise; a wrong channel order, window, scale
or detector is off by far more."""


def main() -> None:
    """Measure, and write the expected values of all metrics that could be had."""
    stored = read_expected() if EXPECTED.is_file() else {}
    entries = {name: vars(entry) for name, entry in stored.items()}
    for name, found in measure_clip(calibrated_metrics()).items():
        if found.value is not None and name in _TOLERANCES:
            entries[name] = {
                "value": round(found.value, 6),
                "tolerance": _TOLERANCES[name],
                "measured_by": found.measured_by,
            }
    write_json(EXPECTED, entries)


if __name__ == "__main__":
    main()
