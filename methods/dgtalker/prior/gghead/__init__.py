"""GGHead as a head prior: the user's checkout and checkpoint behind the suite's interface."""

__all__: list[str] = []
