"""Interpreter state: what one process captures another one has after restoring it."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import sys, pickle, json
sys.path.insert(0, {root!r})
from kale_lite.runtime import state
{code}
"""


@pytest.mark.parametrize(
    ("kind", "change", "look"),
    [
        ("numpy.random", "import numpy as np; np.random.seed(5); np.random.rand()", "__import__('numpy').random.rand()"),
        ("random", "import random; random.seed(5); random.random()", "__import__('random').random()"),
        ("os.environ", "import os; os.environ['KL_X'] = '1'; os.environ.pop('HOME', None)",
         "[__import__('os').environ.get(k) for k in ('KL_X', 'HOME')]"),
        ("cwd", "import os; os.chdir('/')", "__import__('os').getcwd()"),
        ("sys.path", "sys.path.append('/x')", "sys.path[-1]"),
        ("sys.recursionlimit", "sys.setrecursionlimit(4321)", "sys.getrecursionlimit()"),
        ("warnings.filters", "import warnings; warnings.simplefilter('error')", "str(__import__('warnings').filters[0])"),
        ("pandas.options", "import pandas as pd; pd.set_option('display.max_rows', 7)",
         "__import__('pandas').get_option('display.max_rows')"),
        ("matplotlib.rcParams", "import matplotlib as mpl; mpl.rcParams['lines.linewidth'] = 9",
         "__import__('matplotlib').rcParams['lines.linewidth']"),
        ("matplotlib.rcParams", "import matplotlib as mpl; mpl.colormaps.register(mpl.colors.ListedColormap(['red']), name='mine'); "
         "mpl.rcParams['image.cmap'] = 'mine'; mpl.colors.to_rgba('b'); mpl.colors.colorConverter.colors['b'] = (.5, .5, .5); "
         "mpl.colors.colorConverter.cache.clear()",
         "[(lambda mpl: [mpl.colors.to_rgba('b'), mpl.colormaps[mpl.rcParams['image.cmap']](0)])(__import__('matplotlib.colors'))]"),
        ("os.umask", "import os; os.umask(0o027)", "__import__('os').umask(0)"),
        ("gc", "import gc; gc.disable(); gc.set_threshold(7)", "(lambda gc: [gc.isenabled(), gc.get_threshold()[0]])(__import__('gc'))"),
        ("socket.timeout", "import socket; socket.setdefaulttimeout(5)", "__import__('socket').getdefaulttimeout()"),
        ("csv.dialects", "import csv; csv.register_dialect('semi', delimiter=';')",
         "list(__import__('csv').reader(['a;b'], 'semi'))"),
        ("sklearn.config", "import sklearn; sklearn.set_config(transform_output='pandas')",
         "__import__('sklearn').get_config()['transform_output']"),
        ("numpy.printoptions", "import numpy as np; np.set_printoptions(precision=2)",
         "str(__import__('numpy').array([1.23456]))"),
        ("numpy.errstate", "import numpy as np; np.seterr(all='raise')", "__import__('numpy').geterr()"),
        ("decimal.context", "import decimal; decimal.getcontext().prec = 5",
         "str(__import__('decimal').Decimal(1) / 3)"),
        ("logging", "import logging; logging.basicConfig(level='DEBUG'); logging.getLogger('a').setLevel(40)",
         "[__import__('logging').getLogger().level, __import__('logging').getLogger('a').level]"),
    ],
    ids=lambda v: v if isinstance(v, str) and " " not in v and "(" not in v else "",
)  # fmt: skip
def test_state_travels(tmp_path: Path, kind: str, change: str, look: str) -> None:
    root = str(Path(__file__).parents[2])
    saved = tmp_path / "state.pkl"
    first = f"{change}\npickle.dump(state.capture({kind!r}), open({str(saved)!r}, 'wb'))\nprint(json.dumps({look}))"
    second = f"state.restore({kind!r}, pickle.load(open({str(saved)!r}, 'rb')))\nprint(json.dumps({look}))"
    results = []
    for code in (first, second):
        script = PROBE.format(root=root, code=code)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        results.append(json.loads(done.stdout))
    assert results[0] == results[1]
    assert pickle.loads(saved.read_bytes()) is not None
