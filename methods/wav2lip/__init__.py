"""Wav2Lip (Prajwal et al., ACM Multimedia 2020), written from the paper: one network for all."""

__all__: list[str] = []
