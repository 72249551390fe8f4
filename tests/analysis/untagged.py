"""Notebooks as people write them, untagged: (tags, source) pairs, and names whose values must come out the same."""

from __future__ import annotations

from tests.conftest import Cells

COMPARISON: Cells = [
    ("md", "# Which regressor predicts best?\n\nA small study."),
    ("", "import numpy as np\nimport pandas as pd\nfrom sklearn.linear_model import Ridge\nfrom sklearn.tree import DecisionTreeRegressor\nfrom sklearn.neighbors import KNeighborsRegressor\nfrom sklearn.model_selection import train_test_split, cross_val_score"),
    ("", "SEED = 3\nN_ROWS = 120\nTEST_SIZE = 0.25"),
    ("md", "## 1. Data"),
    ("", "rng = np.random.default_rng(SEED)\ndf = pd.DataFrame(rng.normal(size=(N_ROWS, 3)), columns=list('abc'))\ndf['y'] = 2 * df.a - df.b + rng.normal(size=N_ROWS) * 0.1"),
    ("", "df.head()"),
    ("", "df.shape"),
    ("", "X_train, X_test, y_train, y_test = train_test_split(df[['a', 'b', 'c']], df['y'], test_size=TEST_SIZE, random_state=SEED)"),
    ("md", "## 2. Models\n\n### 2.1 Ridge"),
    ("", "ridge = Ridge(1.0).fit(X_train, y_train)"),
    ("", "ridge_score = ridge.score(X_test, y_test)\nprint('ridge', round(ridge_score, 3))"),
    ("md", "### 2.2 Others"),
    ("", "model = DecisionTreeRegressor(random_state=SEED)\nmodel.fit(X_train, y_train)\ntree_score = model.score(X_test, y_test)"),
    ("", "knn = KNeighborsRegressor(5).fit(X_train, y_train)\nknn_score = knn.score(X_test, y_test)"),
    ("md", "## 3. Results"),
    ("", "scores = pd.Series({'ridge': ridge_score, 'tree': tree_score, 'knn': knn_score}).sort_values()\nscores"),
    ("", "best_score = float(scores.max())\nprint(best_score)"),
]  # fmt: skip

NO_HEADINGS: Cells = [
    ("", "import pandas as pd\nimport numpy as np\nimport warnings\nwarnings.filterwarnings('ignore')"),
    ("", "from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\nfrom sklearn.naive_bayes import GaussianNB"),
    ("", "# Load the data\niris = load_iris(as_frame=True)\ndf = iris.frame"),
    ("", "df.info()"),
    ("", "df.tail(3)"),
    ("", "df.columns = [c.replace(' (cm)', '').replace(' ', '_') for c in df.columns]\ndf['ratio'] = df.petal_length / df.petal_width"),
    ("", "X = df.drop(columns='target')\ny = df['target']"),
    ("", "lr = LogisticRegression(max_iter=500)\nlr.fit(X, y)"),
    ("", "nb = GaussianNB()\nnb.fit(X, y)"),
    ("", "# Compare them\nresult = {'lr': lr.score(X, y), 'nb': nb.score(X, y)}\nwinner = max(result, key=result.get)\nprint(winner, result)"),
]  # fmt: skip

KAGGLE: Cells = [
    ("md", "<h1>House prices</h1>"),
    ("", "!pip install -q numpy"),
    ("", "import os\nimport numpy as np\nimport pandas as pd\n%matplotlib inline"),
    ("", "!ls -la"),
    ("md", "<h2 style='color:red'>1 | Create the data</h2>"),
    ("", "np.random.seed(42)\nhouses = pd.DataFrame({'rooms': np.random.randint(1, 6, 50), 'age': np.random.rand(50) * 80})\nhouses['price'] = houses.rooms * 50 - houses.age + np.random.randn(50)\nhouses.to_csv('houses.csv', index=False)"),
    ("md", "<h2>2 | Read it back</h2>"),
    ("", "train = pd.read_csv('houses.csv')\nprint(train.shape)"),
    ("", "train.dtypes"),
    ("", "train['old'] = train.age > 40\nfeatures = ['rooms', 'old']"),
    ("md", "<h2>3 | Plots 📈</h2>"),
    ("", "import matplotlib.pyplot as plt\nplt.scatter(train.rooms, train.price)\nplt.title('rooms');"),
    ("", "train.groupby('rooms').price.mean().plot.bar();"),
    ("md", "<h2>4 | Submission</h2>"),
    ("", "coef, *_ = np.linalg.lstsq(train[features].astype(float), train.price, rcond=None)\ntrain['pred'] = train[features].astype(float) @ coef"),
    ("", "train[['pred']].to_csv('submission.csv')\nsize = len(pd.read_csv('submission.csv'))"),
    ("", "train.head()"),
]  # fmt: skip

EXPLORATION: Cells = [
    ("", "import numpy as np, pandas as pd\nimport matplotlib.pyplot as plt\nplt.rcParams['figure.figsize'] = (3, 2)"),
    ("", "days = pd.date_range('2024-01-01', periods=60)\nsales = pd.DataFrame({'day': days, 'shop': np.arange(60) % 3, 'sold': (np.arange(60) * 7) % 11})"),
    ("", "sales"),
    ("", "sales.describe()"),
    ("", "type(sales), len(sales)"),
    ("", "sales.groupby('shop')['sold'].sum().plot.bar()"),
    ("", "weekly = sales.set_index('day').sold.resample('W').sum()\nweekly.plot()"),
    ("", "fig, ax = plt.subplots()\nax.hist(sales.sold)\nax.set_title('sold')\nplt.show()"),
    ("", "by_shop = sales.pivot_table(index='shop', values='sold', aggfunc=['mean', 'max'])\nby_shop"),
    ("", "best = int(by_shop['mean']['sold'].idxmax())\nprint(f'best shop: {best}')"),
]  # fmt: skip

FUNCTIONS: Cells = [
    ("md", "# Simulating queues"),
    ("md", "## Helpers"),
    ("", "import math\nimport random\nfrom collections import Counter"),
    ("", "def arrivals(rng, rate, n):\n    now = 0.0\n    for _ in range(n):\n        now += rng.expovariate(rate)\n        yield now"),
    ("", "def simulate(rate, n, seed):\n    rng = random.Random(seed)\n    free, waits = 0.0, []\n    for at in arrivals(rng, rate, n):\n        start = max(at, free)\n        waits.append(start - at)\n        free = start + rng.expovariate(1.0)\n    return waits"),
    ("", "def summary(waits):\n    return {'mean': round(sum(waits) / len(waits), 4), 'max': round(max(waits), 4), 'n': len(waits)}"),
    ("md", "## Runs"),
    ("", "n = 300"),
    ("", "calm = simulate(0.5, n, 1)"),
    ("", "busy = simulate(0.8, n, 2)"),
    ("", "full = simulate(0.95, n, 3)"),
    ("md", "## Report"),
    ("", "def line(name, waits):\n    s = summary(waits)\n    return f\"{name}: {s['mean']} (max {s['max']})\""),
    ("", "report = [line(k, v) for k, v in {'calm': calm, 'busy': busy, 'full': full}.items()]\nprint(*report, sep='\\n')"),
]  # fmt: skip

MAGICS: Cells = [
    ("md", "# Magics\n## Set up"),
    ("", "%load_ext autoreload\n%autoreload 2\nimport json, os\nfrom pathlib import Path"),
    ("", "%env GREETING=hello\nfolder = Path('out')\nfolder.mkdir(exist_ok=True)"),
    ("", "%pwd"),
    ("", "%%writefile out/words.txt\nalpha\nbeta\ngamma"),
    ("md", "## Count"),
    ("", "words = !cat out/words.txt\nwords = list(words)"),
    ("", "%%time\nlengths = {w: len(w) for w in words}"),
    ("", "%%capture shown\nprint(os.environ['GREETING'], len(words))"),
    ("", "text = shown.stdout.strip()"),
    ("", "?json.dumps"),
    ("md", "## Write"),
    ("", "(folder / 'lengths.json').write_text(json.dumps(lengths))\n!wc -c out/lengths.json"),
    ("", "back = json.loads((folder / 'lengths.json').read_text())"),
]  # fmt: skip

CLASSES: Cells = [
    ("", "from dataclasses import dataclass, field\nimport math"),
    ("", "@dataclass\nclass Account:\n    owner: str\n    balance: float = 0.0\n    log: list = field(default_factory=list)\n\n    def pay(self, amount):\n        self.balance += amount\n        self.log.append(amount)\n        return self"),
    ("", "class Bank:\n    opened = 0\n\n    def __init__(self):\n        self.accounts = {}\n\n    def open(self, owner):\n        Bank.opened += 1\n        self.accounts[owner] = Account(owner)\n        return self.accounts[owner]\n\n    def total(self):\n        return sum(a.balance for a in self.accounts.values())"),
    ("md", "## Customers"),
    ("", "bank = Bank()\nada = bank.open('ada')\nbob = bank.open('bob')"),
    ("", "ada.pay(30).pay(12.5)"),
    ("", "bob.pay(-5)"),
    ("md", "## Audit"),
    ("", "total = bank.total()\nopened = Bank.opened\nbank.accounts['ada'] is ada"),
    ("", "same = bank.accounts['ada'] is ada\nlogs = [list(a.log) for a in bank.accounts.values()]"),
]  # fmt: skip

WITH_ERROR: Cells = [
    ("md", "# Left half done"),
    ("", "import statistics\nvalues = [3, 1, 4, 1, 5]"),
    ("md", "## Centre"),
    ("", "mean = statistics.mean(values)\nmedian = statistics.median(values)"),
    ("", "for v in values\n    print(v)"),
    ("md", "## Spread"),
    ("", "print(undefined_thing + 1)"),
    ("", "spread = max(values) - min(values)"),
]  # fmt: skip

STUCK: Cells = [
    ("md", "# Files and a database\n## Database"),
    ("", "import sqlite3, csv\ncon = sqlite3.connect('shop.db')\ncon.execute('create table if not exists item (name text, price real)')"),
    ("", "con.executemany('insert into item values (?, ?)', [('pen', 1.5), ('ink', 4.0)])\ncon.commit()"),
    ("", "rows = con.execute('select * from item order by price').fetchall()\ncon.close()"),
    ("md", "## Lazy"),
    ("", "squares = (n * n for n in range(100))"),
    ("", "first = next(squares) + next(squares) + next(squares)"),
    ("", "rest = sum(squares)"),
    ("md", "## File"),
    ("", "out = open('items.csv', 'w', newline='')\nwriter = csv.writer(out)"),
    ("", "writer.writerows(rows)\nout.close()"),
    ("md", "## Check"),
    ("", "lines = open('items.csv').read().split()\nprint(lines, first, rest)"),
]  # fmt: skip

PARTLY_TAGGED: Cells = [
    ("", "import math"),
    ("md", "## Load"),
    ("step:load|mine", "numbers = list(range(40))"),
    ("", "numbers.append(99)"),
    ("md", "## Two sums"),
    ("retry:1", "%%time\neven = sum(n for n in numbers if n % 2 == 0)"),
    ("", "%%time\nodd = sum(n for n in numbers if n % 2)"),
    ("md", "## End"),
    ("step:odd", "ratio = round(odd / even, 4)"),
    ("skip", "ratio = 0"),
    ("md", "## After"),
    ("", "doubled = ratio * 2"),
]  # fmt: skip

ONE_STATE: Cells = [
    ("", "import random, decimal"),
    ("", "random.seed(5)\ndecimal.getcontext().prec = 6"),
    ("", "# Sample\nsample = [random.random() for _ in range(50)]"),
    ("", "# Walk\nposition, path = 0, []\nwhile len(path) < 50:\n    position += random.choice([-1, 1])\n    path.append(position)"),
    ("", "# Pi\nhits = 0\nfor _ in range(40):\n    for _ in range(10):\n        hits += random.random() ** 2 + random.random() ** 2 < 1\npi = decimal.Decimal(4 * hits) / 400"),
    ("", "ends = (round(sample[-1], 6), path[-1], pi / 3)"),
]  # fmt: skip

NOTEBOOKS: dict[str, tuple[Cells, tuple[str, ...]]] = {
    "comparison": (COMPARISON, ("scores", "best_score")),
    "no-headings": (NO_HEADINGS, ("result", "winner", "X")),
    "kaggle": (KAGGLE, ("train", "size", "coef")),
    "exploration": (EXPLORATION, ("by_shop", "best", "weekly")),
    "functions": (FUNCTIONS, ("report", "calm")),
    "magics": (MAGICS, ("lengths", "text", "back")),
    "classes": (CLASSES, ("total", "opened", "same", "logs")),
    "stuck": (STUCK, ("rows", "first", "rest", "lines")),
    "partly-tagged": (PARTLY_TAGGED, ("ratio", "doubled", "numbers")),
    "one-state": (ONE_STATE, ("ends", "position")),
}
