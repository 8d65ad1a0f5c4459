"""Protocols: the evaluation settings, each turning identities and audio into cases."""
