"""The tables of each library."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.analysis.rulerun.learning import sklearn_table
from tests.analysis.rulerun.numeric import numpy_table, pandas_table, scipy_table
from tests.analysis.rulerun.others import (
    joblib_table,
    matplotlib_table,
    polars_table,
    seaborn_table,
    torch_table,
)
from tests.analysis.rulerun.standard import builtins_table, stdlib_table
from tests.analysis.rulerun.tables import Table

TABLES: Mapping[str, Callable[[], Table]] = {
    "builtins": builtins_table,
    "stdlib": stdlib_table,
    "numpy": numpy_table,
    "pandas": pandas_table,
    "scipy": scipy_table,
    "sklearn": sklearn_table,
    "matplotlib": matplotlib_table,
    "joblib": joblib_table,
    "seaborn": seaborn_table,
    "polars": polars_table,
    "torch": torch_table,
}
