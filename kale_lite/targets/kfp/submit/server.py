"""Which server, and with which credentials: from the environment and the user's settings, never the command line.

Settings are the user's own, not the project's: who wrote a notebook must not choose where credentials go.
"""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from kale_lite.errors import UsageError

__all__ = ["IN_CLUSTER_TOKEN", "Credentials", "Server", "find_server"]

IN_CLUSTER_TOKEN = Path("/var/run/secrets/kubeflow/pipelines/token")
"""Where a pod of Kubeflow has the token of its service account for KFP."""
_IN_CLUSTER_HOST = "http://ml-pipeline.kubeflow.svc.cluster.local:8888"
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

_VARIABLES = {
    "host": "KF_PIPELINES_ENDPOINT", "ui_host": "KF_PIPELINES_UI_ENDPOINT", "namespace": "KALE_LITE_KFP_NAMESPACE",
    "experiment": "KF_PIPELINES_DEFAULT_EXPERIMENT_NAME", "ca_cert": "KALE_LITE_KFP_CA_CERT",
    "token": "KALE_LITE_KFP_TOKEN", "token_file": "KF_PIPELINES_SA_TOKEN_PATH", "cookies": "KALE_LITE_KFP_COOKIES",
    "username": "KALE_LITE_KFP_USERNAME", "password": "KALE_LITE_KFP_PASSWORD",
}  # fmt: skip
_SECRET = ("token", "cookies", "password")
_CREDENTIALS = ("token", "token_file", "cookies", "username", "password")


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to log in; empty where it is not needed. Secrets are kept out of the text form."""

    token: str = field(default="", repr=False)
    token_file: Path | None = None
    cookies: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.token or self.token_file or self.cookies or self.username)

    def bearer(self) -> str:
        """The token to send, empty for none; a file is read again each time, since Kubernetes renews it."""
        if self.token or self.token_file is None:
            return self.token
        try:
            return self.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"token file {self.token_file} cannot be read: {getattr(error, 'strerror', None) or error}",
                hint="it is named by KF_PIPELINES_SA_TOKEN_PATH, or by token_file in the settings",
            ) from None


@dataclass(frozen=True, slots=True)
class Server:
    """A KFP server. ``ui`` is where links begin; ``namespace`` and ``experiment`` are empty when nothing names them."""

    host: str
    ui: str
    namespace: str = ""
    experiment: str = ""
    ca_cert: str = ""
    credentials: Credentials = Credentials()


def find_server(
    host: str = "",
    namespace: str = "",
    *,
    environ: Mapping[str, str] = os.environ,
    settings: Path | None = None,
) -> Server:
    """The server that the call, the environment or the settings name, in this order; in a pod of Kubeflow its own.

    Credentials of the settings go to the host of the settings only. UsageError when no server is named, and for
    settings that cannot be used.
    """
    path = settings or _settings_path(environ)
    given = {key: environ[name] for key, name in _VARIABLES.items() if environ.get(name)}
    kept = _read(path)
    named = host or given.get("host") or kept.get("host") or _own_host(environ)
    if not named:
        raise UsageError(
            "no server is named to submit to",
            hint=f'give --host URL, or set KF_PIPELINES_ENDPOINT, or write host = "URL" into {path}',
        )
    address = _address(named)
    if kept.get("host") and _address(kept["host"]) != address:
        kept = {key: value for key, value in kept.items() if key not in (*_CREDENTIALS, "ui_host", "namespace")}
    if any(given.get(key) for key in _CREDENTIALS):
        kept = {key: value for key, value in kept.items() if key not in _CREDENTIALS}
    known = {**kept, **given}
    return Server(
        address, (known.get("ui_host") or address).rstrip("/"), namespace or known.get("namespace") or _own_namespace(),
        known.get("experiment", ""), _certificates(known.get("ca_cert", "")), _credentials(known, address),
    )  # fmt: skip


def _settings_path(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or Path.home()) / ".config"
    return Path(base) / "kale-lite" / "kfp.toml"


def _read(path: Path) -> dict[str, str]:
    """The settings; a file that others may read must hold no secrets."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    for key, value in data.items():
        _check(path, key, value)
    if any(data.get(key) for key in _SECRET) and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageError(f"{path} holds secrets, and others may read it", hint=f"run: chmod 600 {path}")
    return data


def _check(path: Path, key: str, value: Any) -> None:
    if key not in _VARIABLES:
        near = difflib.get_close_matches(key, _VARIABLES, 1, 0.5)
        known = f"do you mean {near[0]!r}?" if near else f"settings are: {', '.join(_VARIABLES)}"
        raise UsageError(f"{path} has no setting {key!r}", hint=known)
    if not isinstance(value, str):
        raise UsageError(f"{path}: {key!r} is no text", hint=f'write {key} = "..."')


def _address(text: str) -> str:
    """The server's address, without what a browser adds. UsageError for one that is none, or holds a password."""
    parts = urlsplit(text if "://" in text else f"https://{text}")
    try:
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or any(c.isspace() for c in text):
        shown = "the host" if "@" in text else repr(text)
        raise UsageError(f"{shown} is no address of a server", hint="write for example --host https://HOST/pipeline")
    if parts.username is not None:
        raise UsageError(
            "the host's address holds a user name: credentials would stay in your shell's history",
            hint="set KALE_LITE_KFP_USERNAME and KALE_LITE_KFP_PASSWORD instead",
        )
    path = parts.path.split("/apis/")[0].rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _own_host(environ: Mapping[str, str]) -> str:
    """The server of the cluster that this process runs in, if it is one with Kubeflow."""
    token = environ.get(_VARIABLES["token_file"])
    inside = environ.get("KUBERNETES_SERVICE_HOST") and (Path(token) if token else IN_CLUSTER_TOKEN).exists()
    return _IN_CLUSTER_HOST if inside else ""


def _own_namespace() -> str:
    try:
        return _NAMESPACE_FILE.read_text("utf-8").strip()
    except OSError:
        return ""


def _certificates(path: str) -> str:
    if path and not Path(path).expanduser().is_file():
        raise UsageError(f"certificates {path} do not exist", hint="KALE_LITE_KFP_CA_CERT names a file in PEM form")
    return str(Path(path).expanduser()) if path else ""


def _credentials(known: Mapping[str, str], address: str) -> Credentials:
    for key in ("token", "cookies"):
        if not all(32 <= ord(c) < 127 for c in known.get(key, "").strip()):
            raise UsageError(
                f"the {key} cannot be sent: there are line breaks or letters in it that no header may have",
                hint=f"look at {_VARIABLES[key]}, or at the settings",
            )
    if bool(known.get("username")) != bool(known.get("password")):
        there, missing = ("username", "password") if known.get("username") else ("password", "username")
        raise UsageError(f"there is a {there} to log in with, and no {missing}", hint=f"set {_VARIABLES[missing]}")
    ways = [name for name in ("cookies", "username") if known.get(name)]
    if len(ways) == 2:
        raise UsageError("there are cookies and a username to log in with", hint="unset one of them")
    file = known.get("token_file", "")
    if not file and address == _IN_CLUSTER_HOST and not known.get("token") and not ways and IN_CLUSTER_TOKEN.exists():
        file = str(IN_CLUSTER_TOKEN)
    return Credentials(
        known.get("token", "").strip(), Path(file).expanduser() if file else None, known.get("cookies", "").strip(),
        known.get("username", ""), known.get("password", ""),
    )  # fmt: skip
