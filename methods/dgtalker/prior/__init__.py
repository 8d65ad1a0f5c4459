"""Head priors: from a code to 3D Gaussians on the UV grid of a head template."""
