"""Metrics: one module each, a pure function and a thin class that sees a stream of frames."""
