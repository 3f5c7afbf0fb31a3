"""Results -> figures, drawn by matplotlib, made of panels and marks.

No other room imports matplotlib.
"""

import logging

# It warns of a home that it cannot write to, where a temporary folder serves as well.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
