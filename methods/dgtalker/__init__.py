"""DGTalker: a disentangled latent space of a Gaussian head prior."""
