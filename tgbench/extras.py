"""How optional packages are installed."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version


def install_extra(name: str) -> str:
    """Return the command that installs an extra of this package and keeps the torch that is here.

    Without the version pip would take the newest torchvision, and its torch with it.
    """
    command = f"pip install 'tgbench[{name}]'"
    try:
        release = version("torch").partition("+")[0]
    except PackageNotFoundError:
        return command
    # Registries have no builds between releases.
    return f"{command} torch=={release}" if re.fullmatch(r"[0-9.]+", release) else command
