"""Ordinary notebooks, as data scientists tag them: no error and no warning may be told of any."""

from __future__ import annotations

from tests.conftest import Cells

ORDINARY: dict[str, Cells] = {
    "eda-titanic": [
        ("md", "# Titanic"),
        (
            "imports",
            """\
import pandas as pd
import numpy as np
import matplotlib.pyplot as plt
import seaborn as sns
import warnings
warnings.filterwarnings('ignore')
%matplotlib inline
sns.set(style='whitegrid')
pd.set_option('display.max_columns', 50)""",
        ),
        (
            "step:load",
            """\
df = pd.read_csv('titanic.csv')
df.head()""",
        ),
        ("", "df.info()"),
        ("step:missing", "df.isnull().sum()"),
        (
            "step:clean",
            """\
df['Age'].fillna(df['Age'].median(), inplace=True)
df.drop('Cabin', axis=1, inplace=True)
df['Embarked'] = df['Embarked'].fillna('S')""",
        ),
        (
            "step:plot-age",
            """\
fig, ax = plt.subplots(figsize=(8, 4))
sns.histplot(df['Age'], ax=ax)
plt.show()""",
        ),
        (
            "step:plot-sex",
            """\
sns.countplot(x='Sex', hue='Survived', data=df)
plt.title('Survival')
plt.show()""",
        ),
        (
            "step:encode",
            """\
df['Sex'] = df['Sex'].map({'male': 0, 'female': 1})
df = pd.get_dummies(df, columns=['Embarked'])
X = df.drop(['Survived', 'Name', 'Ticket'], axis=1)
y = df['Survived']""",
        ),
        (
            "step:split",
            """\
from sklearn.model_selection import train_test_split
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)""",
        ),
        (
            "step:lr",
            """\
from sklearn.linear_model import LogisticRegression
lr = LogisticRegression(max_iter=1000)
lr.fit(X_train, y_train)
print(lr.score(X_test, y_test))""",
        ),
        (
            "step:rf",
            """\
from sklearn.ensemble import RandomForestClassifier
rf = RandomForestClassifier(n_estimators=100, random_state=0)
rf.fit(X_train, y_train)
print(rf.score(X_test, y_test))""",
        ),
        (
            "step:report",
            """\
from sklearn.metrics import classification_report, confusion_matrix
best = max([lr, rf], key=lambda m: m.score(X_test, y_test))
pred = best.predict(X_test)
print(classification_report(y_test, pred))
sns.heatmap(confusion_matrix(y_test, pred), annot=True)""",
        ),
    ],
    "sales": [
        (
            "imports",
            """\
import pandas as pd, json, os
from pathlib import Path
from datetime import datetime""",
        ),
        (
            "parameters",
            """\
YEAR = 2023
REGION = 'north'
out_dir = 'out'""",
        ),
        (
            "step:load",
            """\
os.makedirs(out_dir, exist_ok=True)
sales = pd.read_csv('sales.csv', parse_dates=['date'])
sales = sales[sales.date.dt.year == YEAR]""",
        ),
        (
            "step:monthly",
            """\
monthly = sales.groupby(sales.date.dt.month)['amount'].agg(['sum', 'mean', 'count'])
monthly.to_csv(Path(out_dir) / 'monthly.csv')""",
        ),
        (
            "step:top",
            """\
top = sales.nlargest(10, 'amount')
top.to_excel(f'{out_dir}/top.xlsx')""",
        ),
        (
            "step:pivot",
            """\
pivot = sales.pivot_table(index='region', columns='product', values='amount', aggfunc='sum', fill_value=0)
pivot.style.background_gradient()""",
        ),
        (
            "step:report",
            """\
report = {'year': YEAR, 'total': float(sales.amount.sum()), 'generated': datetime.now().isoformat()}
with open(os.path.join(out_dir, 'report.json'), 'w') as f:
    json.dump(report, f, indent=2)""",
        ),
    ],
    "torch-train": [
        (
            "imports",
            """\
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)""",
        ),
        (
            "functions",
            """\
class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc1 = nn.Linear(n, 16)
        self.fc2 = nn.Linear(16, 1)
    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))

def train(model, loader, epochs=3):
    opt = optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.MSELoss()
    for epoch in range(epochs):
        for xb, yb in loader:
            opt.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            opt.step()
    return loss.item()""",
        ),
        (
            "step:data",
            """\
device = 'cuda' if torch.cuda.is_available() else 'cpu'
X = torch.randn(100, 4)
y = X.sum(1, keepdim=True)
loader = DataLoader(TensorDataset(X, y), batch_size=10, shuffle=True)""",
        ),
        (
            "step:train",
            """\
model = Net(4).to(device)
final = train(model, loader)
print(f'loss {final:.3f}')""",
        ),
        (
            "step:eval",
            """\
model.eval()
with torch.no_grad():
    print(((model(X) - y) ** 2).mean().item())""",
        ),
        ("step:save", "torch.save(model.state_dict(), 'model.pt')"),
    ],
    "timeseries": [
        (
            "imports",
            """\
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
plt.style.use('ggplot')
plt.rcParams['figure.figsize'] = (12, 5)
np.random.seed(42)""",
        ),
        (
            "step:make",
            """\
idx = pd.date_range('2020-01-01', periods=365)
ts = pd.Series(np.cumsum(np.random.randn(365)), index=idx)""",
        ),
        (
            "step:plot",
            """\
ts.plot()
plt.savefig('ts.png')""",
        ),
        (
            "step:roll",
            """\
roll = ts.rolling(30).mean()
roll.plot(); ts.plot(alpha=.3)""",
        ),
        (
            "step:decomp",
            """\
from statsmodels.tsa.seasonal import seasonal_decompose
res = seasonal_decompose(ts, model='additive')
res.plot()""",
        ),
        (
            "step:arima",
            """\
from statsmodels.tsa.arima.model import ARIMA
fit = ARIMA(ts, order=(1,1,1)).fit()
print(fit.summary())
forecast = fit.forecast(30)""",
        ),
        (
            "step:mc",
            """\
sims = [ts.iloc[-1] + np.cumsum(np.random.randn(30)) for _ in range(100)]
plt.plot(np.array(sims).T, alpha=.1)""",
        ),
    ],
    "text": [
        (
            "imports",
            """\
import re
from collections import Counter
import pandas as pd""",
        ),
        ("step:load", "docs = open('corpus.txt').read().split('\\n\\n')"),
        (
            "functions",
            """\
STOP = {'the', 'a', 'of'}
def tokenize(t):
    return [w for w in re.findall(r'\\w+', t.lower()) if w not in STOP]""",
        ),
        (
            "step:count",
            """\
counts = Counter()
for d in docs:
    counts.update(tokenize(d))
counts.most_common(10)""",
        ),
        (
            "step:tfidf",
            """\
from sklearn.feature_extraction.text import TfidfVectorizer
vec = TfidfVectorizer(tokenizer=tokenize)
M = vec.fit_transform(docs)""",
        ),
        (
            "step:topics",
            """\
from sklearn.decomposition import NMF
nmf = NMF(5, random_state=1)
W = nmf.fit_transform(M)
terms = vec.get_feature_names_out()
for i, comp in enumerate(nmf.components_):
    print(i, [terms[j] for j in comp.argsort()[-5:]])""",
        ),
        (
            "step:cluster",
            """\
from sklearn.cluster import KMeans
km = KMeans(4, n_init=10).fit(M)
pd.Series(km.labels_).value_counts().plot.bar()""",
        ),
    ],
    "sql": [
        (
            "imports",
            """\
import sqlite3
import pandas as pd""",
        ),
        (
            "step:load",
            """\
con = sqlite3.connect('db.sqlite')
orders = pd.read_sql('select * from orders', con)
customers = pd.read_sql('select * from customers', con)
con.close()""",
        ),
        ("step:join", "m = orders.merge(customers, on='cid', how='left')"),
        (
            "step:kpi",
            """\
kpi = m.groupby('country').amount.sum().sort_values(ascending=False)
kpi""",
        ),
        (
            "step:cohort",
            """\
m['month'] = pd.to_datetime(m.date).dt.to_period('M')
cohort = m.pivot_table(index='month', columns='country', values='amount')""",
        ),
        ("skip", "m.sample(5)"),
        ("pipeline-metrics", "print(kpi.iloc[0])"),
    ],
    "grid": [
        (
            "imports",
            """\
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, cross_val_score, StratifiedKFold
from sklearn.pipeline import make_pipeline, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.ensemble import GradientBoostingClassifier
import joblib
RANDOM_STATE = 42
np.random.seed(RANDOM_STATE)""",
        ),
        (
            "step:data",
            """\
X, y = make_classification(500, random_state=RANDOM_STATE)
cv = StratifiedKFold(5, shuffle=True, random_state=RANDOM_STATE)""",
        ),
        (
            "step:svc",
            """\
pipe = make_pipeline(StandardScaler(), SVC())
grid = GridSearchCV(pipe, {'svc__C': [.1, 1, 10]}, cv=cv, n_jobs=-1)
grid.fit(X, y)
print(grid.best_params_, grid.best_score_)""",
        ),
        (
            "step:gb",
            """\
gb = GradientBoostingClassifier()
scores = cross_val_score(gb, X, y, cv=cv)
print(f'{scores.mean():.3f} +- {scores.std():.3f}')
gb.fit(X, y)""",
        ),
        (
            "step:save",
            """\
joblib.dump(grid.best_estimator_, 'svc.joblib')
joblib.dump(gb, 'gb.joblib')""",
        ),
        (
            "step:compare",
            """\
results = {'svc': grid.best_score_, 'gb': scores.mean()}
best_name = max(results, key=results.get)
print('best:', best_name)""",
        ),
    ],
    "logging": [
        (
            "imports",
            """\
import logging, time, sys
from tqdm.notebook import tqdm
logging.basicConfig(level=logging.INFO, format='%(message)s')
logger = logging.getLogger(__name__)""",
        ),
        (
            "step:work",
            """\
start = time.time()
items = list(range(100))
out = []
for i in tqdm(items):
    out.append(i ** 2)
logger.info('done in %s', time.time() - start)""",
        ),
        (
            "step:check",
            """\
assert len(out) == 100
logger.info('ok')
try:
    out[200]
except IndexError as e:
    logger.warning('caught %s', e)""",
        ),
    ],
    "magics": [
        (
            "",
            """\
%load_ext autoreload
%autoreload 2
%matplotlib inline
%config InlineBackend.figure_format = 'retina'""",
        ),
        ("step:install", "!pip install -q pandas"),
        (
            "imports",
            """\
import pandas as pd
import numpy as np""",
        ),
        (
            "step:time",
            """\
%%time
x = np.arange(1000).reshape(10, 100)
s = x.sum()""",
        ),
        (
            "step:ls",
            """\
files = !ls
print(len(files))""",
        ),
        ("step:bench", "%timeit x.sum()"),
        (
            "step:use",
            """\
print(s)
%time y = x.mean(axis=0)""",
        ),
        (
            "step:end",
            """\
y.shape
%who""",
        ),
    ],
    "classes": [
        (
            "imports",
            """\
from dataclasses import dataclass, field
from typing import List, Optional
import random
from functools import lru_cache
from abc import ABC, abstractmethod""",
        ),
        (
            "functions",
            """\
@dataclass
class Item:
    name: str
    price: float
    tags: List[str] = field(default_factory=list)

class Strategy(ABC):
    @abstractmethod
    def apply(self, item): ...

class Discount(Strategy):
    def __init__(self, rate):
        self.rate = rate
    def apply(self, item):
        return item.price * (1 - self.rate)

@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)""",
        ),
        (
            "step:make",
            """\
random.seed(1)
items = [Item(f'i{k}', random.random() * 100) for k in range(10)]""",
        ),
        (
            "step:price",
            """\
prices = [Discount(.1).apply(i) for i in items]
print(sum(prices))""",
        ),
        ("step:fib", "print([fib(n) for n in range(20)])"),
        (
            "step:sort",
            """\
ranked = sorted(items, key=lambda i: -i.price)
for i in ranked[:3]:
    print(i.name, round(i.price, 2))""",
        ),
    ],
    "prev": [
        ("imports", "import pandas as pd"),
        (
            "step:load",
            """\
df = pd.DataFrame({'a': range(10), 'b': range(10)})
meta = {'n': 10}""",
        ),
        (
            "step:left|prev:load",
            """\
l = df[df.a > 3].copy()
l['c'] = l.a * 2""",
        ),
        ("step:right|prev:load", "r = df[df.a <= 3].assign(c=0)"),
        (
            "step:join|prev:left|prev:right",
            """\
j = pd.concat([l, r])
print(len(j), meta['n'])""",
        ),
        ("step:other|prev:right", "print(l.c.sum())"),
    ],
    "requests": [
        (
            "imports",
            """\
import requests
import pandas as pd
from bs4 import BeautifulSoup""",
        ),
        (
            "step:get",
            """\
resp = requests.get('https://example.com/data', timeout=10)
resp.raise_for_status()
soup = BeautifulSoup(resp.text, 'html.parser')""",
        ),
        (
            "step:parse",
            """\
rows = [[c.text for c in tr.find_all('td')] for tr in soup.find_all('tr')]
df = pd.DataFrame(rows)""",
        ),
        ("step:rates", "rates = requests.get('https://example.com/rates').json()"),
        (
            "step:merge",
            """\
df['rate'] = df[0].map(rates)
df.to_parquet('out.parquet')""",
        ),
    ],
    "bayes": [
        (
            "",
            """\
import numpy as np
import scipy.stats as stats
import matplotlib.pyplot as plt
rng = np.random.default_rng(0)""",
        ),
        ("step:data", "data = rng.normal(5, 2, 100)"),
        (
            "step:post",
            """\
mu = np.linspace(0, 10, 500)
post = np.prod(stats.norm.pdf(data[:, None], mu, 2), axis=0)
post /= post.sum()""",
        ),
        (
            "step:plot",
            """\
plt.plot(mu, post)
plt.axvline(mu[post.argmax()], color='r')
plt.xlabel('mu'); plt.ylabel('p')
plt.show()""",
        ),
        (
            "step:ppc",
            """\
ppc = rng.normal(mu[post.argmax()], 2, (1000, 100))
plt.hist(ppc.mean(1))""",
        ),
        (
            "step:boot",
            """\
boots = [rng.choice(data, len(data)).mean() for _ in range(500)]
np.percentile(boots, [2.5, 97.5])""",
        ),
    ],
    "hyper": [
        (
            "parameters",
            """\
lr: float = 0.1
epochs = 5
layers = [16, 8]
name = None""",
        ),
        ("imports", "import numpy as np"),
        (
            "step:train",
            """\
w = np.zeros(layers[0])
for e in range(epochs):
    w -= lr * (w - 1)
hist = []""",
        ),
        (
            "step:eval",
            """\
if name is not None:
    print(name)
loss = float(((w - 1) ** 2).sum())
if loss > 1:
    verdict = 'bad'
print(verdict)""",
        ),
        ("pipeline-metrics", "print(loss)"),
    ],
    "images": [
        (
            "imports",
            """\
from PIL import Image, ImageFilter
import numpy as np
import matplotlib.pyplot as plt
from skimage import data, filters
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'""",
        ),
        (
            "step:load",
            """\
img = data.camera()
print(img.shape, img.dtype)""",
        ),
        ("step:edges", "edges = filters.sobel(img)"),
        ("step:blur", "blur = np.asarray(Image.fromarray(img).filter(ImageFilter.GaussianBlur(2)))"),
        (
            "step:show",
            """\
fig, axes = plt.subplots(1, 3, figsize=(15, 5))
for ax, (t, im) in zip(axes.flat, {'orig': img, 'edges': edges, 'blur': blur}.items()):
    ax.imshow(im, cmap='gray'); ax.set_title(t); ax.axis('off')
plt.tight_layout()
plt.savefig('fig.png', dpi=150)""",
        ),
        ("step:save", "Image.fromarray((edges * 255).astype(np.uint8)).save('edges.png')"),
    ],
    "scan": [
        (
            "imports",
            """\
import glob, os, shutil, csv
from pathlib import Path
import pandas as pd""",
        ),
        ("parameters", "DATA = 'data'"),
        (
            "step:collect",
            """\
files = sorted(Path(DATA).glob('*.csv'))
frames = []
for f in files:
    d = pd.read_csv(f)
    d['source'] = f.stem
    frames.append(d)
all_data = pd.concat(frames, ignore_index=True)""",
        ),
        (
            "step:stats",
            """\
stats = all_data.describe(include='all')
stats.to_html('stats.html')""",
        ),
        (
            "step:dedupe",
            """\
clean = all_data.drop_duplicates().reset_index(drop=True)
print(f'{len(all_data) - len(clean)} duplicates')""",
        ),
        (
            "step:export",
            """\
for name, g in clean.groupby('source'):
    g.to_csv(f'out_{name}.csv', index=False)""",
        ),
        ("step:zip", "shutil.make_archive('bundle', 'zip', '.')"),
    ],
}
