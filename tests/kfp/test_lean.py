"""What makes compiling fast changes nothing else: kfp without its client, the probe of the environment, the rules."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from kale_lite.analysis.effects import load_catalogue, try_rule
from kale_lite.targets.kfp import shipped
from kale_lite.targets.kfp.environment import author_environment
from tests.conftest import WriteNotebook

PROBE = """
import json, sys
from kale_lite.targets.kfp.lean import import_kfp
import_kfp()
heavy = ("kfp.client", "kfp.components", "kubernetes", "requests", "google.auth")
early = [name for name in heavy if name in sys.modules]
import kfp.compiler, kfp.dsl
try:
    kfp.nonsense
except AttributeError as error:
    told = str(error)
{use}
import kfp.client as client, kfp.components as components
print(json.dumps([early, told, kfp.Client is client.Client and kfp.Client is not None,
                  kfp.client is client, kfp.components is components, hasattr(components, "load_component_from_file")]))
"""


@pytest.mark.parametrize("use", ["", "from kfp import Client, components", "kfp.Client", "import kfp.client"])
def test_kfp_comes_without_its_client_until_it_is_asked_for(use: str) -> None:
    text = subprocess.run(
        [sys.executable, "-c", PROBE.format(use=use)], check=True, capture_output=True, text=True
    ).stdout
    assert json.loads(text) == [[], "module 'kfp' has no attribute 'nonsense'", True, True, True, True]


def test_compiling_imports_no_client(tmp_path: Path, write_notebook: WriteNotebook) -> None:
    path = write_notebook([("step:a", "x = 1"), ("step:b", "print(x)")])
    code = (
        "import sys; from kale_lite.cli.app import main\n"
        f"sys.argv = ['kale-lite', 'compile', {str(path)!r}, '-o', {str(tmp_path / 'nb.yaml')!r}, '--no-install']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('kfp.client', 'kubernetes', 'requests', 'jupyter_client') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.splitlines()[-1] == "[]"
    assert (tmp_path / "nb.yaml").exists()


def test_the_environment_is_what_importlib_says() -> None:
    found = author_environment("python3")
    for module, names in metadata.packages_distributions().items():
        assert set(found.providers[module]) >= set(names), module
    for one in metadata.distributions():
        assert one.metadata["Name"] in found.versions


def test_a_kernel_of_another_python_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    program.chmod(0o755)
    folder = tmp_path / "kernels" / "Other"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": [str(program), "-m", "ipykernel_launcher"]}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = author_environment("other")
    assert found.python == sys.version_info[:2]
    assert "numpy" not in found.providers


def test_ast_grep_takes_all_rules() -> None:
    rules: Any = load_catalogue().rules
    assert len(rules) > 300
    for rule in rules:
        try_rule(rule.config, rule.effect.rule)


def test_shipped_code_is_kept_and_made_anew_when_what_is_kept_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_cache", lambda: tmp_path / "cache")
    text = shipped.shipped_code("check")
    (place,) = (tmp_path / "cache").iterdir()
    monkeypatch.setattr(shipped, "_bare", lambda source: pytest.fail("what is kept was not used"))
    assert shipped.shipped_code("check") == text
    monkeypatch.undo()
    monkeypatch.setattr(shipped, "_cache", lambda: tmp_path / "cache")
    for wrong in (b"", place.read_bytes()[:-9], place.read_bytes() + b" ", b"\xff"):
        place.write_bytes(wrong)
        assert shipped.shipped_code("check") == text
        assert place.read_bytes() != wrong


def test_shipped_code_needs_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(shipped, "_cache", lambda: tmp_path / "file" / "cache")
    code = json.loads(shipped.shipped_code("people"))
    assert sorted(code) == ["harness", "inside", "shipped"]
    assert '"""' not in code["harness"]["people.py"]
    compile(code["harness"]["people.py"], "people.py", "exec")
