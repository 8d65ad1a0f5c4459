"""L1 + SSIM loss."""

from .loss import l1_ssim_loss, ssim_map

__all__ = ["l1_ssim_loss", "ssim_map"]
