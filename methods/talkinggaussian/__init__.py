"""TalkingGaussian: structure-persistent talking heads by Gaussian splatting."""

__all__: list[str] = []
