"""Running cases: plan, fit, render, measure, write."""

__all__: list[str] = []
