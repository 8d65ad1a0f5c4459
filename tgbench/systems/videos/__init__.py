"""Systems of which there are only videos: released demos, results of others, commercial ones."""

__all__: list[str] = []
