"""Metrics of other libraries, by name: `torchmetrics:ClassName(argument=value)@face`."""

__all__: tuple[str, ...] = ()
