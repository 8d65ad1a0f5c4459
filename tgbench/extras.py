"""How optional packages are installed."""

from __future__ import annotations

from importlib.metadata import version


def install_extra(name: str) -> str:
    """Return the command that installs an extra of this package and keeps the torch that is here.

    Without the version pip would take the newest torchvision, and its torch with it.
    """
    return f"pip install 'tgbench[{name}]' torch=={version('torch').partition('+')[0]}"
