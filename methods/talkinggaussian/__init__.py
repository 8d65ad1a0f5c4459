"""TalkingGaussian: structure-persistent talking heads by Gaussian splatting."""
