"""The statements and expressions that generated programs are made of, as templates.

``<L>`` stands for a variable of kind L, ``<+L>`` for a name that becomes one, ``<int>`` for an expression of a form
of ``FORMS``, ``<do>`` for a further statement. ``<L:1>`` gives what stands there a number, ``<:1>`` repeats it.

Kinds: I int, T text, L list of ints, N list of lists, D dict of ints, E dict of lists, S set, U tuple with a list, A array,
B matrix, F frame, R series, C class, O instance, V list of instances, X function of an int, Y function that changes a
list, J set of texts, H functions in a dict, K generator function, G iterator, M model, Z context manager's class.
"""

from __future__ import annotations

__all__ = ["DEFINITIONS", "FORMS", "HEADER", "MAKERS", "PURE", "STATEMENTS"]

HEADER = (
    "import copy, dataclasses, functools, glob, itertools, json, os, pickle, random\nfrom collections import Counter, defaultdict, deque\nfrom contextlib import contextmanager\nfrom pathlib import Path\nimport numpy as np\nimport pandas as pd\n"
    "from sklearn.linear_model import LinearRegression\nfrom sklearn.preprocessing import StandardScaler"
)  # fmt: skip

FORMS: dict[str, tuple[str, ...]] = {
    "int": (
        "1", "2", "3", "<I>", "<I>", "len(<L>)", "sum(<L>)", "max(<L>, default=0)", "<D>.get('a', 0)", "len(<S>)", "int(<A>.sum())",
        "<I> + <int>", "(<int> if <bool> else <int>)", "<X>(<int>)", "len(<N>)", "sum(map(len, <N>))", "<O>.n", "len(<O>.xs)",
        "<O>.total", "next(<G>, 0)", "(<+I> := <int>)", "<H>['a'](<int>)", "int(<F>['u'].sum())", "len(<E>.get('a', ()))", "<C>.n",
        "len(<C>.shared)", "int(<R>.max())", "sum(v.n for v in <V>)", "<U>[0]", "abs(<int>)", "int(<B>[0, 0])", "(lambda v: v + <I>)(1)",
    ),
    "bool": (
        "<int> > 2", "<L>", "'a' in <D>", "<any> is <any>", "not <N>", "<int> in <L>", "isinstance(<O>, <C>)", "<N> and <N>[0] is <L>",
        "<L> == <L>", "<O> in <V>", "any(<N>)", "True", "False", "id(<any>) == id(<any>)", "'<key>' in os.environ",
    ),
    "list": (
        "[1, 2, 3]", "[<int>, <int>]", "list(<L>)", "<L>", "<L>[:]", "<L> + <L>", "sorted(<S>)", "[v * 2 for v in <L>]", "<L> or [5]",
        "<N>[0]", "<N>[-1]", "<E>['a']", "<O>.xs", "<U>[1]", "list(<D>.values())", "<L>[::-1]", "<E>.setdefault('b', [])", "<Y>(<L>)",
        "[*<L>, <int>]", "<A>.tolist()", "copy.copy(<L>)", "<E>.get('c', <L>)", "(<L> if <bool> else <N>[0])", "list(<K>(<int>))",
        "[v for v in <L> if v > <I>]", "next(iter(<N>), <L>)", "<V>[0].xs", "<C>.shared", "[]",
    ),
    "array": (
        "np.arange(6)", "np.zeros(4)", "np.array(<L>)", "<A>", "<A>[1:]", "<A>[::2]", "<A>.copy()", "<A> * 2", "<B>[0]", "<B>[:, 1]",
        "<A>.reshape(-1)", "<A>[<A> > 1]", "np.asarray(<A>)", "<B>.T[0]", "<B>.ravel()", "<F>['u'].to_numpy()", "np.sort(<A>)",
        "np.where(<A> > 1, <A>, 0)", "np.asarray(<L>)",
    ),
    "frame": (
        "pd.DataFrame({'u': [1, 2, 3], 'w': [3, 1, 2]})", "<F>", "<F>.copy()", "<F>[<F>['u'] > 1]", "<F>.sort_values('w')", "<F>[['u', 'w']]",
        "<F>.assign(z=<int>)", "<F>.rename(columns={'z': 'y'})", "<F>.head(2)", "<F>.iloc[1:]", "<F>.reset_index(drop=True)", "<F>.fillna(0)",
    ),
    "series": ("<F>['u']", "<F>.w", "<F>['u'] * 2", "<R>", "<R>.copy()", "pd.Series(<L>, dtype=float)", "<R>.cumsum()", "<F>.sum()"),
    "text": ("'x'", "'y'", "<T>", "f'{<int>}'", "<T>.upper()", "<T> + 'z'", "f'{<int>:03d}-{<T>!r}'", "str(<L>)", "repr(<D>)"),
    "any": ("<L>", "<N>[0]", "<N>", "<E>", "<O>", "<O>.xs", "<V>[0]", "<U>[1]", "<A>", "<E>['a']", "<F>", "<C>.shared", "<D>"),
    "show": ("<L>", "<N>", "<D>", "<E>", "<U>", "<I>", "<T>", "sorted(<S>)", "<A>", "<F>", "<R>", "<O>.xs", "<V>[0].xs", "<C>.shared",
             "<A>.dtype", "<B>", "<int>", "<list>", "<array>", "<frame>", "<O>", "<Y>(<L>)", "<bool>"),
    "key": ("a", "b", "c"),
    "file": ("'one.txt'", "'two.txt'", "f'{<T>}.txt'", "'on' + 'e.txt'", "Path('two.txt')", "Path('.') / 'one.txt'"),
}  # fmt: skip
"""Expressions by form."""

MAKERS: dict[str, str] = {
    "I": "<+I> = 4", "T": "<+T> = 'one'", "L": "<+L> = [3, 1, 2]", "N": "<+N> = [[1], [2, 3]]", "D": "<+D> = {'a': 1, 'b': 2}",
    "E": "<+E> = {'a': [1], 'b': [2]}", "S": "<+S> = {1, 2, 5}", "J": "<+J> = set('some words that make a set of several texts'.split())", "U": "<+U> = (7, [8])", "A": "<+A> = np.arange(6)",
    "B": "<+B> = np.arange(6).reshape(2, 3)", "F": "<+F> = pd.DataFrame({'u': [1, 2, 3], 'w': [3, 1, 2]})", "R": "<+R> = pd.Series([1, 2, 3])",
    "O": "<+O> = <C>(1)", "V": "<+V> = [<C>(2), <C>(3)]", "G": "<+G> = iter(<L>)", "H": "<+H> = {'a': <X>, 'b': lambda x: x + <I>}",
    "M": "<+M> = LinearRegression().fit(<F>[['u']], <F>['w'])",
    "X": "def <+X>(x):\n    return x + 1", "Y": "def <+Y>(xs):\n    xs.append(len(xs))\n    return xs",
    "K": "def <+K>(x):\n    yield x\n    yield x + 1",
    "Z": "class <+Z>:\n    def __enter__(self):\n        <L>.append(1)\n        return <L>\n    def __exit__(self, *args):\n        <L>.append(2)",
    "C": "class <+C>:\n    n = 0\n    shared = []\n    def __init__(self, x):\n        self.x, self.xs = x, [x]\n"
         "    def add(self, v):\n        self.xs.append(v)\n        return self\n    @property\n    def total(self):\n"
         "        return sum(self.xs)\n    def __repr__(self):\n        return f'C({self.x}, {self.xs})'",
}  # fmt: skip
"""How a variable of a kind comes to be when a template needs one and there is none."""

_CLASS = "    def __init__(self, x):\n        self.x, self.xs = x, [x]\n"
_TOTAL = "    @property\n    def total(self):\n        return sum(self.xs)\n"

DEFINITIONS: tuple[str, ...] = (
    "def <+X>(x):\n    return x + <I>",
    "def <+X>(x):\n    <L>.append(x)\n    return len(<L>)",
    "def <+X>(x):\n    <D>['a'] = x\n    return x",
    "def <+X>(x, acc=[]):\n    acc.append(x)\n    return sum(acc)",
    "def <+X>(x, acc=<L>):\n    acc.append(x)\n    return len(acc)",
    "def <+X>(x):\n    global <I:1>\n    <:1> = <:1> + x\n    return <:1>",
    "def <+X>(x):\n    global <+L:1>\n    <:1> = [x]\n    return x",
    "def <+X>(x):\n    return <X>(x) + 1",
    "def <+X:1>(x):\n    return 0 if x < 1 or x > 9 else 1 + <:1>(x - 1)",
    "def <+X>(x):\n    import math as <+Q:1>\n    return int(<:1>.sqrt(x * x)) + <I>",
    "def <+X>(x):\n    for v in <L>:\n        if v > x:\n            break\n    else:\n        return -1\n    return v",
    "def <+X>(x):\n    try:\n        return <L>[x]\n    except IndexError:\n        <L>.append(x)\n        return x\n    finally:\n        <D>['b'] = x",
    "def <+X>(x):\n    return sum(<K>(x))",
    "def <+X>(x):\n    return <O>.add(x).total",
    "def <+X>(x):\n    <C>.n += x\n    return <C>.n",
    "def <+X>(x, *args, **options):\n    <N>.append([x, *args])\n    return len(options) + x",
    "def make(x):\n    held = []\n    def inner(v):\n        held.append(v)\n        return len(held) + x\n    return inner\n<+X> = make(<int>)\n<+X> = make(2)",
    "def counted():\n    count = 0\n    def up(v=1):\n        nonlocal count\n        count += v\n        return count\n    def seen(v=0):\n        return count\n    return up, seen\n<+X>, <+X> = counted()",
    "<+X> = lambda x: x * <I>", "<+X> = lambda x, acc=<L>: len(acc) + x", "<+X> = functools.partial(max, <I>)",
    "<+X> = functools.partial(<X>)", "<+X> = <X>", "<+X> = <H>['b']", "<+X> = <L>.count", "<+Y> = <Y>", "<+Y> = sorted", "<+Y> = list",
    "def deco(fn):\n    @functools.wraps(fn)\n    def inner(*args, **options):\n        <L>.append(len(args))\n        return fn(*args, **options)\n    return inner\n@deco\ndef <+X>(x):\n    return x - <I>",
    "def register(fn):\n    <H>[fn.__name__] = fn\n    return fn\n@register\ndef <+X>(x):\n    return x + <I>",
    "if <bool>:\n    def <+X:1>(x):\n        return x + 10\nelse:\n    def <:1>(x):\n        return x + <I>",
    "def <+Y>(xs):\n    xs.append(<I>)\n    return xs", "def <+Y>(xs):\n    return <L> if len(xs) > 3 else xs",
    "def <+Y>(xs):\n    <N>.append(xs)\n    return xs[:1]", "def <+Y>(xs, seen=[]):\n    seen.append(xs)\n    return seen[0]",
    "def <+Y>(xs):\n    <E>['a'] = xs\n    return <E>.get('b', xs)", "def <+Y>(xs):\n    xs[:] = xs[::-1]\n    return <O>.xs",
    "def <+K>(x):\n    for v in <L>:\n        yield v + x", "def <+K>(x):\n    <L>.append(x)\n    yield from <L>[:3]",
    "class <+C>:\n    n = 1\n    shared = <L>\n" + _CLASS + "    def add(self, v):\n        self.shared.append(v)\n        type(self).n += 1\n        return self\n" + _TOTAL,
    "class <+C>(<C>):\n    def add(self, v):\n        <L>.append(v)\n        return super().add(v + 1)",
    "class <+C>(<C>):\n    shared = []\n    def __init__(self, x):\n        super().__init__(x)\n        self.shared.append(self)",
    "class <+C>(<C>):\n    n = 5\n    @property\n    def total(self):\n        self.xs.append(<I>)\n        return len(self.xs)",
    "@dataclasses.dataclass\nclass <+C>:\n    x: int\n    n: int = 2\n    xs: list = dataclasses.field(default_factory=list)\n    shared = []\n    def add(self, v):\n        self.xs.append(v)\n        return self\n    total = property(lambda self: len(self.xs))",
    "class <+C>:\n    n = 0\n    shared = []\n    __slots__ = ('x', 'xs')\n" + _CLASS + "    def add(self, v):\n        self.xs = [*self.xs, v]\n        return self\n" + _TOTAL,
    "class <+C>:\n    n = 0\n    shared = []\n" + _CLASS + "    @classmethod\n    def add(cls, v):\n        cls.shared.append(v)\n        cls.n += v\n        return cls(v)\n" + _TOTAL,
    "class <+C>(list):\n    n = 0\n    shared = []\n    def __init__(self, x):\n        super().__init__([x])\n        self.x, self.xs = x, self\n    def add(self, v):\n        self.append(v)\n        return self\n" + _TOTAL,
    "class <+C>(dict):\n    n = 3\n    shared = []\n    def __init__(self, x):\n        self.x, self.xs = x, [x]\n        self['x'] = self.xs\n    def add(self, v):\n        self['x'].append(v)\n        return self\n    def __missing__(self, key):\n        self[key] = self.xs\n        return self.xs\n" + _TOTAL,
    "class <+C>:\n    n = 0\n    shared = []\n" + _CLASS + "    def add(self, v):\n        self.xs.append(v)\n        return self\n    def __getattr__(self, name):\n        if name.startswith('_'):\n            raise AttributeError(name)\n        self.xs.append(0)\n        return len(self.xs)\n",
    "class <+C>:\n    n = 0\n    shared = []\n" + _CLASS + _TOTAL + "    def add(self, v):\n        self.xs.append(v)\n        return self\n    def __eq__(self, other):\n        <L>.append(1)\n        return self is other\n    def __len__(self):\n        self.shared.append(2)\n        return 1\n    def __iadd__(self, other):\n        self.xs.append(other)\n        return self\n    __hash__ = None",
    "class <+C>:\n    n = 0\n    shared = []\n" + _CLASS + _TOTAL + "    def add(self, v):\n        <C>.shared.append(v)\n        return <C>(v)\n    def __repr__(self):\n        <L>.append(0)\n        return f'R{self.xs}'\n    def __call__(self, v):\n        self.xs.append(v)\n        return v\n    def __iter__(self):\n        self.n += 1\n        return iter(self.xs)",
    "class <+Z>:\n    def __init__(self, held=None):\n        self.held = <L> if held is None else held\n    def __enter__(self):\n        self.held.append(<I>)\n        return self.held\n    def __exit__(self, *args):\n        self.held.append(-1)",
    "@contextmanager\ndef <+Z>():\n    <L>.append(1)\n    yield <L>\n    <L>.append(2)",
)  # fmt: skip
"""Functions and classes."""

PURE: tuple[str, ...] = (
    "<+I> = <int>", "<+L> = <list>", "<+L> = <L>", "<+N> = [<L>, <list>]", "<+D> = {'a': <int>, 'c': <int>}", "<+E> = {'a': <L>, 'b': <list>}",
    "<+S> = {*<L>, <int>}", "<+U> = (<int>, <list>)", "<+A> = <array>", "<+A> = <A>[1:]", "<+F> = <frame>", "<+R> = <series>", "<+T> = <text>",
    "<L>.append(<int>)", "<L>.extend(<list>)", "<L>.insert(0, <int>)", "<L>.sort()", "<L>.reverse()", "<L>[0] = <int>", "<L> += <list>",
    "<L>.pop()", "<L>[1:2] = <list>", "del <L>[0]", "<D>['<key>'] = <int>", "<D>.update(b=<int>)", "<D>.pop('a', None)", "<E>['<key>'].append(<int>)",
    "<E>['<key>'] = <list>", "<N>.append(<L>)", "<N>[0].append(<int>)", "<N>[0] = <list>", "<S>.add(<int>)", "<S> |= {<int>}", "<S>.discard(1)",
    "<U>[1].append(<int>)", "<A>[0] = <int>", "<A> += 1", "<A>[:2] *= 2", "<A>.sort()", "<A>.fill(<int>)", "<B>[0] = <int>", "<F>['z'] = <int>",
    "<F>.loc[0, 'u'] = <int>", "<F>['u'] = <F>['w'] + <int>", "<F>.sort_values('w', inplace=True)", "<F>.drop(columns='z', inplace=True)",
    "<R>.iloc[0] = <int>", "<I> += <int>", "<I> = <int>", "<+I>, <+I> = <int>, <int>", "<+I>, *<+L> = <L>", "<+L:1> = <+L> = <list>",
    "for v in <L>:\n    <L>.append(v)\n    if v > 2:\n        break\nelse:\n    <+I> = -1", "for <+L> in <N>:\n    <:0>.append(<int>)",
    "if <bool>:\n    <do>\nelse:\n    <do>", "<O>.add(<int>)", "<O>.x = <int>", "<O>.xs = <list>", "<+O> = <C>(<int>)", "print(<show>)", "print(<show>, <show>)",
    "<+M> = LinearRegression().fit(<F>[['u', 'w']], <F>['u'])", "print(<M>.coef_.round(3))", "<Y>(<L>)", "<+L> = <Y>(<L>)", "<+I> = <X>(<int>)",
)  # fmt: skip
"""Statements whose effects stay with the variables that they name: for branches that must stay apart."""

STATEMENTS: tuple[str, ...] = (
    *PURE,
    "<+T> = '-'.join(<J>)", "<+J> = <J> | set(<text>)", "<+J> = set(<J>)", "<+L> = [len(v) for v in <J>]", "<+D> = dict.fromkeys(<J>, <int>)", "<+J> = set('<key> and some more'.split())",
    "<+G> = iter(<D>)", "<+G> = iter(<E>.values())", "<+L> = [*<S>, *<S>]", "<+J> = {*<J>, <text>}", "print(list(<J>), list(<S>))", "<J>.pop()",
    "<+N> = [<L>] * 2", "<+N> = [[v] for v in <L>[:3]]", "<+N> = list(<E>.values())", "<+N> = copy.copy(<N>)", "<+N> = copy.deepcopy(<N>)", "<+N> = <N>[:]",
    "<+N> = [<O>.xs, <L>]", "<+E> = defaultdict(list, <E>)", "<+E> = dict(<E>)", "<+E> = dict(zip('ab', <N>))", "<+E> = {**<E>, 'c': <list>}",
    "<+E> = defaultdict(list)\nfor v in <L>:\n    <:0>['a' if v > 2 else 'b'].append(v)", "<+D> = Counter(str(v) for v in <L>)", "<+L> = deque(<L>, maxlen=3)",
    "<+D> = {str(v): v for v in <L>}", "<+E> = dict.fromkeys('ab', <L>)", "<+U> = (<int>, <L>)", "<+B> = <B>.T", "<+B> = <B>.copy()", "<+A> = <B>[1]",
    "<+A> = <B>.reshape(-1)", "<+A> = np.concatenate([<A>, <A>])", "np.add(<A>, 1, out=<A>)", "<A>[<A> > 2] = 0", "np.copyto(<A>, <int>)", "<B>.T[0] += 1",
    "np.fill_diagonal(<B>, <int>)", "<B>[0, :] = <B>[1, :]", "<F>.columns = ['u', 'w']", "<F>.insert(0, 'y', <int>)", "<F>.pop('z')",
    "<F>.loc[<F>['u'] > 1, 'w'] = <int>", "<F>.rename(columns={'u': 'u'}, inplace=True)", "<F>.index = range(5, 5 + len(<F>))", "<F>.attrs['k'] = <list>",
    "<+F> = pd.concat([<F>, <F>])", "<+F> = <F>.groupby('w').sum().reset_index()", "<+F> = <F>.merge(<F>, on='u', suffixes=('', '_r'))", "del <F>['z']",
    "<+F> = <F>.pipe(lambda v: v.assign(z=<I>))", "<F>.at[0, 'w'] = <int>", "<F>.eval('z = u + w', inplace=True)", "<+F> = <F>.query('u > @<I>')",
    "<F>.fillna(<int>, inplace=True)", "<+R> = <F>['u']\n<:0>.iloc[0] = <int>", "<+F> = pd.DataFrame({'u': <A>[:3], 'w': <A>[:3]})", "<+L> = <F>['u'].tolist()",
    "<+M> = <M>", "<M>.coef_[0] = <int>", "<M>.fit(<F>[['u']], <F>['w'])", "<+B> = StandardScaler().fit_transform(<F>)", "<+M> = copy.deepcopy(<M>)", "<M>.set_params(fit_intercept=<bool>)",
    "<+I> = int(<M>.n_features_in_)", "<+O> = <O>", "<+O> = copy.copy(<O>)", "<+O> = <V>[0]", "<+O> = <O>.add(<int>)", "<V>.append(<O>)", "<+V> = [<O>, <O>]", "<+V> = [<C>(v) for v in <L>[:3]]",
    "<V>[0].add(<int>)", "for v in <V>:\n    v.add(<int>)", "<O> += <int>", "<C>.n = <int>", "<C>.shared = <list>", "<C>.shared.append(<int>)", "<C>.extra = lambda self: len(self.xs)",
    "<+I> = <O>.extra()", "<O>.shared.append(<int>)", "<O>.n = <int>", "setattr(<O>, 'x', <list>)", "<+L> = getattr(<O>, 'xs')", "<O>.__dict__['xs'] = <list>", "vars(<O>)['xs'].append(<int>)",
    "<+C> = <C>", "<+C> = type(<O>)", "<O>.__class__ = <C>", "<+L> = list(<O>)", "<+I> = <O>(<int>)", "<O>.peer = <O>", "<O>.peer.add(<int>)", "<O>.fn = <X>", "<+I> = <O>.fn(<int>)",
    "<+X> = <O>.add", "<O>.back = <L>", "<O>.back.append(<int>)", "<+X> = <L>.append", "<+Y> = <E>['a'].extend", "<+H> = {'a': <X>, 'b': <O>.add}", "<H>['a'] = <X>", "<+H> = dict(<H>, b=lambda x: x + len(<L>))",
    "<+I> = <H>['<key>'](<int>)", "for v in <H>.values():\n    v(<int>)", "<+L> = list(map(<X>, <L>))", "<+L> = [<X>(v) for v in <L>]", "<+L> = sorted(<L>, key=<X>)", "<+I> = functools.reduce(lambda x, y: x + y, <L>, 0)",
    "<+L> = list(filter(<X>, <L>))", "<+I> = max(<L>, key=<X>, default=0)", "<X>.mark = <list>", "<+L> = <X>.mark", "<+L> = <X>.__defaults__[0]", "<+G> = iter(<L>)", "<+G> = iter(<G>)", "<+G> = enumerate(<L>)",
    "<+G> = map(<X>, <L>)", "<+G> = zip(<L>, <N>)", "<+G> = itertools.chain(<L>, <L>)", "<+G> = itertools.count(<int>)", "<+G> = reversed(<L>)", "<+I> = next(<G>, 0)", "<+L> = list(itertools.islice(<G>, 2))",
    "for v in <G>:\n    <L>.append(1)\n    if len(<L>) > 4:\n        break", "<+G> = <K>(<int>)", "<+L> = list(<K>(<int>))", "<+L> = [*<K>(1), *<L>]", "<+I> = 3 in <G>",
    "while <L> and len(<L>) > 3:\n    <L>.pop()", "while <bool>:\n    <do>\n    break\nelse:\n    <do>", "for v, w in enumerate(<L>):\n    if w == 1:\n        continue\n    <D>['a'] = v", "for <+I> in range(3):\n    <do>",
    "for v in range(2):\n    <do>\n    <do>", "for <L:1>[0] in range(3):\n    pass", "for v in <L>:\n    if v == <int>:\n        <+I> = v\n        break", "try:\n    <do>\nexcept Exception:\n    <do>\nelse:\n    <do>\nfinally:\n    <do>",
    "try:\n    <L>[99]\n    <do>\nexcept IndexError as error:\n    <+T> = str(error)\n    <do>", "try:\n    missing_name\nexcept NameError:\n    <+I> = <int>", "try:\n    <+L> = cached\nexcept NameError:\n    <:0> = cached = <list>",
    "try:\n    <D>['nope']\nexcept (KeyError, IndexError):\n    <do>", "try:\n    try:\n        int('x')\n    finally:\n        <do>\nexcept ValueError:\n    <do>", "with <Z>() as <+L>:\n    <do>", "with <Z>():\n    <L>.append(<int>)",
    "match <L>:\n    case [<+I>, *<+L>]:\n        <do>\n    case []:\n        <+I> = 0", "match <D>:\n    case {'a': <+I>, **<+D>}:\n        <do>\n    case _:\n        <do>", "match <O>:\n    case <C>(xs=<+L>):\n        <do>\n    case _:\n        <do>", "match <int>:\n    case 1 | 2 as <+I>:\n        <do>\n    case v if v > 3:\n        <do>",
    "del <L:1>", "del <I>", "del <X>", "del <O>.x", "del <D>['a']", "del <E>['b'], <N>[0]", "if <bool>:\n    del <L>", "if <bool>:\n    <+L> = <list>", "if <bool>:\n    <L> = <L>\n    <L>.append(9)", "if <bool>:\n    <do>\nelif <bool>:\n    <do>",
    "<+L> = <L> if <bool> else <L>", "(<+L> := <L>).append(<int>)", "if (<+I> := <int>) > 2:\n    <do>", "<+L> = [w for v in <L> if (w := v + <I>) > 2]", "<+I> = <I> = <int>", "<L>, <L> = <L>, <L>", "<I>, <I> = <I>, <I>", "(<+I>, <+L>), <+I> = <U>, <int>",
    "<+N>, <+L> = [<L>, <L>], <L>", "[<L:1>, *<+N>] = <N>", "<O>.x, <L>[0] = <int>, <int>", "<+L> = <+L> = []", "<+I> = sum(v * w for v, w in zip(<L>, <L>))", "<+N> = [[v + w for v in <L>[:2]] for w in <L>[:2]]",
    "abs = lambda v: v + <I>", "del abs", "print(abs(-2))", "round = <L>", "import math as <+Q>", "from math import floor as <+X>", "from copy import copy as <+Y>", "import numpy as <+Q:1>\n<+A> = <:1>.ones(3)",
    "print(f'{<int>} {<text>} {<L>!r}')", "print(<L> is <L>, <N>[0] is <L>)", "print([<any> is <any>, <any> is <any>])", "print(np.shares_memory(<A>, <A>))", "print(<O> is <V>[0], <O>.xs is <L>)", "print(len({id(v) for v in <N>}))", "print(<E>['a'] is <L>)", "print(*<L>, sep='-')", "print(**{'sep': ' '}, *<N>)",
    "print('rows' in globals(), 'out' in dir())", "<+I> = globals()['rows'][0]", "globals()['out'] = <list>", "print(<O>.__dict__)", "print(type(<O>).__name__, type(<L>).__name__)",
    "open(<file>, 'w').write(<text>)", "with open(<file>, 'a') as file:\n    file.write(<text>)", "<+T> = open(<file>).read()", "Path(<file>).write_text(<text>)", "<+T> = Path(<file>).read_text()", "print(os.path.exists(<file>))", "os.remove(<file>)", "<F>.to_csv('t.csv', index=False)", "<+F> = pd.read_csv('t.csv')",
    "<F>.to_csv(f'{<T>}.csv', index=False)", "json.dump(<L>, open(<file>, 'w'))", "<+L> = json.load(open(<file>))", "print(sorted(glob.glob('*.txt')))", "print(sorted(os.listdir()))", "Path(<file>).unlink(missing_ok=True)", "os.rename('one.txt', 'two.txt')", "pickle.dump(<E>, open('p.pkl', 'wb'))", "<+E> = pickle.load(open('p.pkl', 'rb'))", "np.save('n.npy', <A>)", "<+A> = np.load('n.npy')", "os.makedirs('sub', exist_ok=True)", "print(sum(1 for _ in Path('.').iterdir()))",
    "<seed>", "<+I> = random.randint(0, 99)", "<+A> = np.random.rand(3)", "np.random.shuffle(<A>)", "random.shuffle(<L>)", "<+L> = random.sample(<L>, 2)", "<+I> = int(np.random.randint(9))", "<+F> = <F>.sample(frac=1)", "<+Q:1> = np.random.default_rng(0)\n<+A> = <:1>.random(2)", "<+G> = random.Random(3)\n<+I> = <:0>.randint(0, 9)",
    "os.environ['<key>'] = str(<int>)", "print(os.environ.get('<key>'))", "os.environ.pop('<key>', None)", "pd.set_option('display.precision', <int>)", "pd.options.display.max_rows = 3", "print(pd.get_option('display.precision'))", "np.set_printoptions(precision=2)", "print(np.get_printoptions()['precision'])", "print(<F> / 3)", "print(<A> / 3)",
)  # fmt: skip
"""All further statements."""
