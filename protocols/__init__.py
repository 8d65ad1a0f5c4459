"""Protocols: the evaluation settings, each turning identities and audio into cases."""

__all__: list[str] = []
