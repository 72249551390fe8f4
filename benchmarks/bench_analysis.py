"""CPU seconds of the analysis for notebooks of 10, 100 and 1,000 cells, every cell a step.

The notebooks are made of cells as people write them: reading, deriving, branching, fitting, plotting; about one
cell in ten defines a function that later cells call. Growth is shown as the exponent between two sizes: 1 is linear.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path

import nbformat

from kale_lite.project import load

CELLS = (
    """
data{n} = pd.DataFrame({{'a': range({n}, {n} + 10), 'b': 1.0}})
print(data{n}.shape)""",
    """
data{n} = data{p}.copy()
if data{n}['a'].max() > 3:
    data{n}['c'] = data{n}['a'] * 2
else:
    data{n}['c'] = 0""",
    """
def helper{n}(frame, k=2):
    out = frame.assign(d=frame['a'] + k)
    return out[out['d'] > 0]
data{n} = helper{n}(data{p})""",
    """
totals{n} = []
for name in ['a', 'b']:
    totals{n}.append(data{p}[name].sum())
data{n} = data{p}""",
    """
model{n} = LinearRegression().fit(data{p}[['a']], data{p}['b'])
print(model{n}.coef_)
data{n} = data{p}""",
    """
try:
    ratio{n} = data{p}['a'].mean() / len(data{p})
except ZeroDivisionError:
    ratio{n} = None
data{n} = data{p}""",
    """
fig, ax = plt.subplots()
ax.plot(data{p}['a'])
plt.show()
data{n} = data{p}""",
    """
params{n} = {{'lr': 0.1, 'n': {n}}}
scores{n} = {{k: v for k, v in params{n}.items() if v}}
data{n} = data{p}""",
    """
with open('out{n}.txt', 'w') as file:
    file.write(str(data{p}.shape))
data{n} = data{p}""",
    """
data{p}['e'] = np.arange(len(data{p}))
data{n} = data{p}.groupby('a').mean().reset_index()""",
)


def notebook(cells: int, path: Path) -> Path:
    """Write a notebook in which each chain of ten cells starts from its own data."""
    content = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    imports = ("import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
               "from sklearn.linear_model import LinearRegression")  # fmt: skip
    content.cells.append(nbformat.v4.new_code_cell(imports, metadata={"tags": ["imports"]}))
    for n in range(cells):
        source = CELLS[n % len(CELLS)].format(n=n, p=n - 1).strip()
        content.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [f"step:s{n}"]}))
    nbformat.write(content, path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[10, 100, 1000])
    sizes = parser.parse_args().sizes
    print(f"{'cells':>6} {'CPU s':>8} {'ms a cell':>10} {'growth':>7}")
    before: tuple[int, float] | None = None
    with tempfile.TemporaryDirectory() as folder:
        load(notebook(3, Path(folder) / "warm.ipynb"))
        for size in sizes:
            path = notebook(size, Path(folder) / f"{size}.ipynb")
            started = time.process_time()
            project = load(path)
            spent = time.process_time() - started
            assert project.pipeline is not None, [str(d) for d in project.diagnostics if d.is_error][:3]
            growth = math.log(spent / before[1]) / math.log(size / before[0]) if before else math.nan
            print(f"{size:>6} {spent:>8.2f} {1000 * spent / size:>10.2f} {growth:>7.2f}", flush=True)
            before = (size, spent)


if __name__ == "__main__":
    main()
