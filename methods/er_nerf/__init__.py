"""ER-NeRF (ICCV 2023), reimplemented from its paper: a radiance field on tri-plane hash grids."""

__all__: list[str] = []
