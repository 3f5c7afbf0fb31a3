"""Results -> figures, drawn by matplotlib, made of panels and marks.

No other room imports matplotlib.
"""

import logging

from actcli.errors import DataError

# It warns of a home that it cannot write to, where a temporary folder serves as well.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
try:
    import matplotlib as _  # noqa: F401 - it reads a matplotlibrc of the folder, of which nothing is used
except UnicodeDecodeError as error:
    raise DataError("matplotlibrc cannot be read: it is not UTF-8", "run actcli in another folder") from error
