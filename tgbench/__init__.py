"""tgbench: evaluation of audio-driven talking heads.

Importing the package loads no numerical library; see `tgbench.specs` for what a plug-in
declares and `tgbench.interfaces` for what it implements.
"""

from .errors import TgbenchError, Unavailable
from .version import __version__

__all__ = ["TgbenchError", "Unavailable", "__version__"]
