"""Parameter values from a file: a slope per column."""

import os

import numpy as np

from actcli.errors import DataError


def with_values(spec: str) -> str:
    """Return a FUNCTION spec such as `prelu:a=slopes.csv` with the numbers of the file in place of its name.

    Raises DataError for a file that is not one row or one column of finite numbers.
    """
    head, colon, settings = spec.partition(":")
    items = [item.rpartition("=") for item in settings.split(",")]
    return head + colon + ",".join(name + equals + _written(value) for name, equals, value in items)


def _written(value: str) -> str:
    if not os.path.isfile(value) or value.replace(".", "").isdigit():
        return value
    from actcli.tables.open import open_tables
    from actcli.tables.options import ReadOptions
    from actcli.tables.table import stacked

    (table, *others) = open_tables([value], ReadOptions())
    rows = stacked(table, [task() for task in table.tasks()])
    if others or not rows.size or 1 not in rows.shape or not np.isfinite(rows).all():
        raise DataError(f"{value}: is not one row or one column of finite numbers", "give one value for each column")
    return ",".join(map(repr, rows.ravel().tolist()))
