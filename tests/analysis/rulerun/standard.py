"""Python's builtins and the standard library."""

from __future__ import annotations

import array
import collections
import csv
import io
import json
import logging
import pickle
import random
import shelve
import sqlite3
import tarfile
import types
import zipfile
from pathlib import Path
from typing import Any

from tests.analysis.rulerun.tables import Table


def _one(number: int = 1) -> Any:
    return types.SimpleNamespace(number=number, items=[1, 2])


OBJECTS = {
    "L": lambda: [3, 1, 2],
    "LL": lambda: [[3], [1], [2]],
    "LD": lambda: [{"a": 1}, {"a": 2}],
    "TL": lambda: ([1], [2]),
    "D": lambda: {"a": 1, "b": 2},
    "DD": lambda: {"a": [1], "b": [2]},
    "S": lambda: {1, 2, 3},
    "FS": lambda: frozenset({1, 2}),
    "BA": lambda: bytearray(b"abc"),
    "IT": lambda: iter([[1], [2], [3]]),
    "GEN": lambda: (x for x in [1, 2, 3]),
    "OBJ": _one,
    "FN": lambda: lambda *a: a[0] if a else None,
    "ZERO": lambda: lambda: 0,
    "KEY": lambda: lambda a: -a,
    "DQ": lambda: collections.deque([1, 2, 3]),
    "DQL": lambda: collections.deque([[1], [2]]),
    "CN": lambda: collections.Counter("abca"),
    "OD": lambda: collections.OrderedDict(a=[1], b=[2]),
    "DF": lambda: collections.defaultdict(list, a=[1], b=[2]),
    "AR": lambda: array.array("i", [3, 1, 2]),
    "MV": lambda: memoryview(bytearray(b"abc")),
    "SIO": lambda: io.StringIO("a,b\n1,2\n"),
    "JIO": lambda: io.StringIO('{"a": [1]}'),
    "OUT": lambda: io.StringIO(),
    "BIO": lambda: io.BytesIO(pickle.dumps([1])),
    "BOUT": lambda: io.BytesIO(),
    "P": lambda: Path("in.txt"),
    "Q": lambda: Path("out.txt"),
    "DIR": lambda: Path("folder"),
    "RNG": lambda: random.Random(0),
    "LOG": lambda: logging.getLogger("rulerun"),
    "WR": lambda: csv.writer(io.StringIO()),
    "DWR": lambda: csv.DictWriter(io.StringIO(), ["a"]),
    "ZIP": lambda: zipfile.ZipFile("in.zip"),
    "TAR": lambda: tarfile.open("in.tar"),
    "F": lambda: open("in.txt"),
    "DB": lambda: sqlite3.connect("in.db"),
    "CUR": lambda: sqlite3.connect("in.db").cursor(),
    "SH": lambda: shelve.open("shelf"),
    "E": lambda: ValueError("x"),
}  # fmt: skip


def some_files(folder: Path) -> None:
    (folder / "in.txt").write_text("a,b\n1,2\n")
    (folder / "in.json").write_text(json.dumps({"a": [1]}))
    (folder / "in.pkl").write_bytes(pickle.dumps([1]))
    (folder / "folder").mkdir()
    (folder / "folder" / "one.txt").write_text("1")
    with zipfile.ZipFile(folder / "in.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with tarfile.open(folder / "in.tar", "w") as tar:
        tar.add(folder / "in.txt", "b.txt")


ARGUMENTS = [
    "", "IT", "L", "LL", "D", "DD", "S", "3", "-2.5", "'abc'", "'a b'", "b'abc'", "BA", "OBJ", "FN", "L, L", "LL, 1", "LL, LL", "L, 2", "2, L", "3, 4", "3, 4, 5", "2.5, 1.5", "'a', 'b'", "'a', 'abc'", "'a', 'b', 'abc'", "'abc', 'a'", "OBJ, 'number'", "OBJ, 'items'", "OBJ, 'items', L",
    "FN, LL", "FN, LL, LL", "FN, IT", "KEY, L", "ZERO", "ZERO, 0", "list, DD", "L, DD", "D, D", "DD, 'a'", "'a', LL", "LL, 0, L", "LL, 0", "TL", "LD", "'in.txt'", "'in.txt', 'r'", "'new.txt', 'w'", "'in.txt', 'new.txt'", "'folder'", "'folder', 'newfolder'", "'*.txt'", "'new'", "'new/deep'", "P", "P, 'r'", "DIR", "P, Q",
    "'in.zip'", "'in.zip', 'r'", "'in.tar'", "'in.tar', 'out'", "'out', 'zip', 'folder'", "'in.zip', 'out'", "'in.json'", "'new.db'", "'shelf'", "SIO", "JIO", "DD, OUT", "LL, BOUT", "BIO", "OUT", "OUT, L", "BOUT", "'i', L", "'%Y'", "2020, 1, 2", "2020, 1", "0", "1, 2, 3, 4, 5, 6, 7", "E", "type, 'a'", "'[1, [2]]'", "'{\"a\": [1]}'", "'{\"a\": 1}', ", "b'\\x80\\x04]\\x94.'", "int, 'a'", "OBJ, int", "int, int", "'point', ['x', 'y']", "D, OBJ", "'a'",
    "L, FN", "'x=1', 'pass'", "LL, key=len", "LL, key=len, default=L", "L, default=LL", "LL, LL, key=len", "L, reverse=True", "'ignore'", "'default'", "'text'", "'a', D", "1.0, L", "[0.2, 0.8], LL", "LL, k=2", "LL, 2", "L, [0.2, 0.3, 0.5]", "MV", "'%d', 3", "'rulerun'", "10, 'text'", "'<i', 3", "'i'", "3, 'big'", "b'abc', 'big'", "'C'", "'C', 'b'", "6, 'C'", "DD, DD", "'a*', 'abc'", "LL, FN", "OBJ, OBJ", "1, L", "OBJ, number=2", "'u', 0", "'in.txt', 1", "'in.txt', (1, 2)", "'in.txt', 5", "AR", "FN, 'x'", "'HOME'", "'NEW', 'x'", "DQ", "CN", "'utf-8'", "2, 3, 0.5", "'abc', 10", "1, 1, 1", "'-1'", "'0x1p3'", "[1, 2, 3], [2, 4, 7]", "[1, 2, 3, 4], n=2", "'a', 'abc', 'abd'", "b'abc', b'abd'", "'00000000-0000-0000-0000-000000000001'",
]  # fmt: skip
METHOD_ARGUMENTS = [
    "", "IT", "L", "LL", "1", "0", "'a'", "'a', L", "0, L", "0, LL", "LL, LL", "2", "D", "DD", "S", "'in.txt'", "'new.txt'", "Q", "DIR", "'w'", "'r'", "'*'", "'a', 'b'", "b'abc'", "'a,b'", "'new.txt', 'abc'", "'abc', 'new.txt'", "3", "2, 3", "1, 2", "LL, 2", "[1, 2]", "['a']", "[['a']]", "{'a': 1}", "[{'a': 1}]", "'message'", "10, 'message'", "10", "0.5, 2", "ar", "'a.txt'", "'b.txt'", "'select 1'", "'create table t (a)'", "b'a'", "'a', ''", "BA", "DQL", "KEY", "97", "{97: 98}", "'utf-8'", "'x', 'y'", "0o644", "8, 'big'", "LL, [0.5, 0.2, 0.3]", "LL, k=2", "3.0, 1.0", "2, 3, 0.5", "999, L", "'zzz', L", "F", "[1], [2]",
]  # fmt: skip
SKIPPED = dict.fromkeys(
    ("builtins.input", "input", "builtins.breakpoint", "breakpoint", "builtins.help", "help", "sys.exit", "time.sleep", "os.system", "os.popen", "os.startfile",
     "subprocess.**", "asyncio.run", "multiprocessing.Lock", "timeit.timeit", "timeit.repeat", "timeit.default_timer", "traceback.print_stack", "inspect.currentframe", "io.archive.open", "asyncio.sleep", "asyncio.wait_for", "asyncio.gather", "asyncio.create_task", "weakref.finalize"),
    "waits, ends the process, or starts another",
)  # fmt: skip


def stdlib_table() -> Table:
    return Table(
        "stdlib",
        ["math", "cmath", "statistics", "itertools", "functools", "collections", "copy", "operator", "heapq", "bisect", "json", "pickle", "csv", "random", "os", "os.path", "shutil", "glob", "fnmatch",
         "pathlib", "tempfile", "zipfile", "tarfile", "sqlite3", "warnings", "logging", "locale", "decimal", "fractions", "datetime", "calendar", "time", "re", "string", "textwrap", "html", "difflib", "hashlib", "hmac", "zlib", "gzip",
         "base64", "binascii", "struct", "uuid", "secrets", "inspect", "types", "typing", "enum", "dataclasses", "contextlib", "weakref", "array", "io", "ast", "pprint", "traceback", "platform", "unicodedata", "keyword", "numbers", "shelve", "configparser", "sys", "gc",
         "linecache", "filecmp", "shlex", "urllib.parse", "codecs", "bz2", "lzma", "marshal", "threading", "queue", "hmac"],
        OBJECTS, ARGUMENTS, METHOD_ARGUMENTS,
        {"RNG": "random.Random", "P": "pathlib.Path", "DIR": "pathlib.Path", "Q": "pathlib.Path", "LOG": "logging.Logger", "WR": "csv.writer", "DWR": "csv.writer", "ZIP": "io.archive", "TAR": "io.archive", "SIO": "io.file", "BIO": "io.file"},
        SKIPPED, some_files,
    )  # fmt: skip


def builtins_table() -> Table:
    return Table(
        "builtins", [], OBJECTS, ARGUMENTS, METHOD_ARGUMENTS,
        {"L": "builtins.list", "LL": "builtins.list", "D": "builtins.dict", "DD": "builtins.dict", "S": "builtins.set", "FS": "builtins.frozenset", "BA": "builtins.bytearray", "DQ": "collections.deque", "DQL": "collections.deque",
         "CN": "collections.Counter", "OD": "collections.OrderedDict", "DF": "collections.defaultdict", "AR": "array.array", "TL": "builtins.tuple"},
        SKIPPED, some_files,
    )  # fmt: skip
