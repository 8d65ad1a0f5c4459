"""Results of which every text was written by somebody who wants to break out of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tgbench.running.result import MetricRecord, Result

ENDS = (
    "\n",
    "\r",
    "\r\n",
    "\x0b",
    "\f",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "^^M",
    "^^J",
    "^^0d",
    "^^^^000d",
    "\\par ",
    "\\\\[",
    "\\\\*",
    "}}}",
    "$",
    "%",
    "&",
    "#1",
    "\x00",
    "\x08",
    "\x1b[31m",
    "\u202e",
    "\ufeff",
    "\ufe68",
    "\uff3c",
    "\U000e005c",
)
"""What ends a line, an argument, a comment or a direction, or looks like what does."""


def hostile_results(
    make_result: Callable[..., Result], orders: str, ends: Sequence[str] = ENDS
) -> list[Result]:
    """Return two methods for each end, both with the same orders in every field.

    Args:
        make_result: the fixture of `tests/reports/conftest.py`.
        orders: what takes effect where a text breaks out.
        ends: what stands before the orders.
    """
    return [
        _result(make_result, f"{end}{orders}", number, value)
        for number, end in enumerate(ends)
        for value in (30.0, 31.0)
    ]


def _result(make_result: Callable[..., Result], text: str, number: int, value: float) -> Result:
    broken = f"{number}{text}"

    def measured(metric: str, told: float | None) -> MetricRecord:
        return MetricRecord(
            value=told,
            status="unavailable" if told is None else "measured",
            reason=broken if told is None else "",
            scored=9,
            total=10,
            unit=text,
            direction="higher",
            measured_by=f"{metric}{broken}{value}",
            details={"notes": [broken]},
        )

    made = make_result(
        f"m{value:.0f}{text}",
        protocol=f"p{text}",
        version=text,
        identity=f"i{number % 2}{text}",
        driver=f"d{number % 2}{text}",
        mode=text,
        leaked=(text,),
        preset=text,
        config={"setting": f"{value}{text}", text: [text, number]},
        notes=(text, broken),
        cpu=text,
        created=text,
        psnr=measured("psnr", value),
        lmd=measured("lmd", None),
        **{f"metric{text}": measured("other", value)},
    )
    return made.model_copy(update={"tgbench_version": text})
