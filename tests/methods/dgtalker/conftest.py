"""The clip of one synthetic person that the tests of synthetic people film, once for all."""

from __future__ import annotations

from ...synthetic.conftest import clip

__all__ = ["clip"]
