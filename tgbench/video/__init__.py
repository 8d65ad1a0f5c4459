"""Video files: streaming frames out of them and into them."""
