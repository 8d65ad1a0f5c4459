"""What a clock measures: rendering and training."""
