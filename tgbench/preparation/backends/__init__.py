"""What makes the parts of an identity: landmarks, head pose, parsing, action units."""

__all__: tuple[str, ...] = ()
