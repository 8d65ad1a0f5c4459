"""DGTalker: a disentangled latent space of a Gaussian head prior."""

__all__: list[str] = []
