"""Results -> figures, drawn by matplotlib, made of panels and marks.

No other package imports matplotlib.
"""

import logging

from actcli.errors import DataError

# It warns if it cannot write to the home folder, although a temporary folder serves as well.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
try:
    import matplotlib as _  # noqa: F401 - reads the matplotlibrc of the working folder, whose settings are not used
except UnicodeDecodeError as error:
    raise DataError("matplotlib cannot read matplotlibrc: not UTF-8", "run actcli in another folder") from error
