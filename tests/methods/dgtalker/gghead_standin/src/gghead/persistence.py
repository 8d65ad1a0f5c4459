"""As StyleGAN's networks are pickled: by a function that gets their source and their state."""


def reconstruct(meta: dict) -> object:
    """Refuse: whoever reads a checkpoint of this stand-in must not call what it names."""
    raise AssertionError(f"code of the checkpoint was run: {meta['module_src']}")


class EasyDict(dict):
    """As StyleGAN's: what a network is made again from is no plain dictionary."""


class Persistent:
    """A mixin for what is pickled like that."""

    def __reduce__(self) -> tuple:
        """Keep the source beside the state."""
        meta = EasyDict(type="class", module_src="raise SystemExit", state=self.__dict__)
        return reconstruct, (meta,)
