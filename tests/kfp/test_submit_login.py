"""Which server and which credentials ``submit`` uses, and where they go."""

from __future__ import annotations

from pathlib import Path

import pytest

from kale_lite.errors import UnreachableError, UsageError
from kale_lite.targets.kfp.submit import find_server, kfp_cron, reach
from tests.conftest import WriteNotebook
from tests.kfp.stub import LOGIN, Fault, Stub, serving
from tests.kfp.submitting import CELLS, Command, command, notebook, stub

__all__ = ["command", "notebook", "stub"]


def test_a_token_goes_with_every_call(
    command: Command, stub: Stub, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.token = "s3cret"
    done = command(notebook, "--host", stub.host)
    assert (done.code, "asks for a login (401)" in done.err) == (3, True)
    monkeypatch.setenv("KALE_LITE_KFP_TOKEN", "wrong")
    done = command(notebook, "--host", stub.host)
    assert done.code == 3
    assert "does not accept the credentials (401)\n  hint: get a new token, and set KALE_LITE_KFP_TOKEN" in done.err
    monkeypatch.setenv("KALE_LITE_KFP_TOKEN", "s3cret\n")
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 0, done.err
    assert "s3cret" not in done.out + done.err


def test_cookies_go_with_every_call(
    command: Command, stub: Stub, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.cookie = "authservice_session=abc"
    monkeypatch.setenv("KALE_LITE_KFP_COOKIES", "x=1; authservice_session=abc")
    assert command(notebook, "--host", stub.host, "--no-install", "--wait").code == 0
    stub.cookie = "authservice_session=new"
    assert "get new cookies, and set KALE_LITE_KFP_COOKIES" in command(notebook, "--host", stub.host).err


def test_a_service_accounts_token_is_read_again(
    command: Command, stub: Stub, notebook: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Kubernetes writes a new one while a run is waited for."""
    file = tmp_path / "token"
    file.write_text("first\n")
    stub.token = "first"

    def lives(asked: int, pipeline: object) -> dict[str, str]:
        if asked == 2:
            stub.token = "second"
            file.write_text("second\n")
        return {"state": "SUCCEEDED" if asked == 4 else "RUNNING"}

    stub.lives = lives
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(file))
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 0, done.err
    file.unlink()
    done = command(notebook, "--host", stub.host)
    assert done.code == 2
    assert f"token file {file} cannot be read: No such file or directory" in done.err


def test_dex(command: Command, stub: Stub, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.users = {"me@example.com": "pass word&"}
    assert "sends to a login page" in command(notebook, "--host", stub.host).err
    monkeypatch.setenv("KALE_LITE_KFP_USERNAME", "me@example.com")
    done = command(notebook, "--host", stub.host)
    assert done.code == 2
    assert "there is a username to log in with, and no password\n  hint: set KALE_LITE_KFP_PASSWORD" in done.err
    monkeypatch.setenv("KALE_LITE_KFP_PASSWORD", "guess")
    done = command(notebook, "--host", stub.host)
    assert done.code == 3
    assert "does not accept the user 'me@example.com' with this password" in done.err
    assert sum(one.method == "POST" for one in stub.requests) == 1
    monkeypatch.setenv("KALE_LITE_KFP_PASSWORD", "pass word&")
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 0, done.err
    assert "pass word" not in done.out + done.err
    assert "session=let-me-in" in stub.requests[-1].headers["Cookie"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(302, "", "text/html", {"Location": "http://evil.example.com/dex/auth"}),
         "logs in at http://evil.example.com, where the password is not sent"),
        (Fault(200, '<a href="http://evil.example.com/dex/auth/local">x</a>', "text/html"),
         "logs in at http://evil.example.com, where the password is not sent"),
        (Fault(200, LOGIN.replace("<form ", '<form action="http://evil.example.com/x" '), "text/html"),
         "logs in at http://evil.example.com, where the password is not sent"),
        (Fault(302, "", "text/html", {"Location": "/apis/v2beta1/healthz"}), "the login does not end"),
        (Fault(200, "<html>hello</html>", "text/html"), "has no login with a user name and a password"),
        (Fault(403, "denied", "text/plain"), "(403) when logging in"),
        (Fault(500, "broken", "text/plain"), "answers with an error (500) when logging in: broken"),
    ],
    ids=["redirect", "link", "form", "loop", "no form", "denied", "broken"],
)  # fmt: skip
def test_passwords_stay_at_home(stub: Stub, fault: Fault, said: str) -> None:
    stub.faults["GET /healthz"] = fault
    environ = {"KALE_LITE_KFP_USERNAME": "me", "KALE_LITE_KFP_PASSWORD": "pw", "HOME": "/nonexistent"}
    with pytest.raises(UnreachableError) as raised:
        reach(find_server(stub.host, environ=environ))
    assert said in raised.value.message
    assert not [one for one in stub.requests if b"pw" in one.body]


def settings(home: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    """An environment whose home has these settings."""
    path = home / ".config" / "kale-lite" / "kfp.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return {"HOME": str(home)}


def test_settings(tmp_path: Path) -> None:
    text = 'host = "https://kf.example.com/pipeline/"\nnamespace = "team"\nexperiment = "e"\ntoken = "t"\n'
    environ = settings(tmp_path, text)
    server = find_server(environ=environ)
    assert (server.host, server.ui) == ("https://kf.example.com/pipeline",) * 2
    assert (server.namespace, server.experiment, server.credentials.bearer()) == ("team", "e", "t")
    assert find_server("kf.example.com/pipeline", "mine", environ=environ).namespace == "mine"
    assert "'t'" not in repr(server)
    named = find_server(environ={**environ, "KALE_LITE_KFP_COOKIES": "c=1"})
    assert (named.credentials.bearer(), named.credentials.cookies) == ("", "c=1")


def test_credentials_of_settings_go_to_their_host_only(tmp_path: Path) -> None:
    environ = settings(tmp_path, 'host = "https://kf.example.com"\nnamespace = "team"\ntoken = "t"\n')
    for other in ("https://kf.example.org", "http://kf.example.com", "https://kf.example.com:8443"):
        server = find_server(other, environ=environ)
        assert (bool(server.credentials), server.namespace) == (False, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('tokken = "x"', "has no setting 'tokken'\n  hint: do you mean 'token'?"),
        ("host = 1", "'host' is no text"),
        ("host =", "cannot be read"),
        ('host = "h"\nusername = "u"\npassword = "p"\ncookies = "c"', "there are cookies and a username"),
        ('host = "h"\ntoken = "a\\nb"', "the token cannot be sent"),
        ('host = "h"\nca_cert = "/no/such.pem"', "certificates /no/such.pem do not exist"),
    ],
)
def test_bad_settings(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_server(environ=settings(tmp_path, text))
    assert said in str(raised.value)


def test_secrets_that_others_may_read(tmp_path: Path) -> None:
    environ = settings(tmp_path, 'host = "h"\ntoken = "t"', 0o644)
    with pytest.raises(UsageError, match="holds secrets, and others may read it"):
        find_server(environ=environ)
    assert find_server(environ=settings(tmp_path, 'host = "h"', 0o644)).host == "https://h"


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("https://kf.example.com/pipeline/#/runs/details/1", "https://kf.example.com/pipeline"),
        ("http://localhost:8080/apis/v2beta1/healthz", "http://localhost:8080"),
        ("localhost:8080", "https://localhost:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_hosts(given: str, host: str) -> None:
    assert find_server(given, environ={"HOME": "/nonexistent"}).host == host


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://me:pw@kf.example.com", "the host's address holds a user name"),
        ("https://me:pw@kf.example.com:99999", "the host is no address of a server"),
        ("ftp://kf", "'ftp://kf' is no address of a server"),
        ("https://", "'https://' is no address"),
        ("http://h:abc", "is no address"),
        ("http://a b", "is no address"),
    ],
)
def test_hosts_that_are_none(given: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_server(given, environ={"HOME": "/nonexistent"})
    assert said in str(raised.value)
    assert "pw" not in str(raised.value)


def test_a_notebook_does_not_choose_where_credentials_go(
    command: Command, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Stub()) as stub:
        monkeypatch.setenv("KALE_LITE_KFP_TOKEN", "t")
        done = command(write_notebook(CELLS, kubeflow_notebook={"kfp_host": stub.host}))
        assert done.code == 2
        assert f"hint: the notebook names one, which you may give as --host {stub.host}" in done.err
        assert stub.requests == []


def test_a_pod_of_kubeflow_needs_nothing(tmp_path: Path) -> None:
    token = tmp_path / "token"
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KF_PIPELINES_SA_TOKEN_PATH": str(token), "HOME": "/nonexistent"}
    with pytest.raises(UsageError, match="no server is named"):
        find_server(environ=environ)
    token.write_text("mounted")
    server = find_server(environ=environ)
    assert server.host == "http://ml-pipeline.kubeflow.svc.cluster.local:8888"
    assert server.credentials.bearer() == "mounted"


def test_a_proxy_of_the_environment(
    command: Command, stub: Stub, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stub stands for the proxy: it is asked for the server's pages, by the probe and by kfp's client."""
    monkeypatch.setenv("HTTP_PROXY", stub.host)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("no_proxy", raising=False)
    done = command(notebook, "--host", "http://kubeflow.invalid/pipeline", "--no-install")
    assert done.code == 3
    assert "has no Kubeflow Pipelines API of version 2 (404" in done.err
    assert command(notebook, "--host", "http://kubeflow.invalid", "--no-install").code == 0
    assert {one.headers["Host"] for one in stub.requests} == {"kubeflow.invalid"}
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    done = command(notebook, "--host", "http://kubeflow.invalid")
    assert (done.code, "the proxy for http://kubeflow.invalid cannot be reached" in done.err) == (3, True)


def test_no_server(command: Command, notebook: Path) -> None:
    done = command(notebook)
    assert done.code == 2
    assert "no server is named to submit to\n  hint: give --host URL, or set KF_PIPELINES_ENDPOINT" in done.err


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("0 6 * * *", "0 0 6 * * *"),
        ("*/15 8-17 * * MON-FRI", "0 */15 8-17 * * 1-5"),
        ("5,35 0 1 jan,jul ?", "0 5,35 0 1 1,7 ?"),
        ("0 0 * * 7", "0 0 0 * * 0"),
        ("0 0 * * 5-7", "0 0 0 * * 5-6,0"),
        ("0  0 6 ? * 2-6", "0 0 6 ? * 2-6"),
        ("10-50/20 * * * *", "0 10-50/20 * * * *"),
        ("@Daily", "@daily"),
        ("@every 1h30m", "@every 1h30m"),
    ],
)
def test_cron(given: str, sent: str) -> None:
    assert kfp_cron(given) == sent


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hourly", "is no cron expression: it has 1 fields"),
        ("* * * *", "it has 4 fields"),
        ("60 * * * *", "'60' is no minute"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 0 0 * *", "'0' is no day"),
        ("0 0 * 13 *", "'13' is no month"),
        ("0 0 * * 8", "'8' is no weekday"),
        ("0 0 * * fri-mon", "'fri-mon' runs backwards, which KFP refuses"),
        ("0 0 * * 1-7/2", "'1-7/2' is no weekday"),
        ("? * * * *", "'?' is no minute"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("0 0 * * mon#1", "'mon#1' is no weekday"),
        ("1,,2 * * * *", "'' is no minute"),
        ("@sometimes", "is no cron expression"),
        ("", "is no cron expression"),
    ],
)
def test_no_cron(given: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        kfp_cron(given)
    assert said in raised.value.message
