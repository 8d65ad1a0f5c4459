"""`python -m tgbench`: the command line of this Python's installation."""

import sys

from .cli import main

sys.exit(main())
