"""Metrics of other libraries, by name: `torchmetrics:ClassName(argument=value)@face`."""
