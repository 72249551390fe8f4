"""Who may ask, from where, and for which files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.conftest import make_notebook
from tests.server.serving import TOKEN, Server

ROUTES = [
    ("GET", "info"), ("POST", "analyse"), ("POST", "suggest"), ("POST", "tags"), ("POST", "compile"),
    ("GET", "runs?path=a.ipynb"), ("POST", "runs"), ("GET", "runs/1"), ("DELETE", "runs/1"), ("POST", "runs/1/stop"),
    ("POST", "runs/1/resume"), ("GET", "runs/1/steps/a"), ("GET", "runs/1/report"), ("GET", "pages/KL101"),
]  # fmt: skip
NOTEBOOK = dict(make_notebook([("step:a", "x = 1")]))
HERE = "http://127.0.0.1:{port}"


def test_every_route_is_in_the_table_of_those_that_are_checked() -> None:
    from kale_lite.server import handlers, run_handlers

    routes = [(method.lower(), route.split("?")[0].replace("/a", "/S")) for method, route in ROUTES]
    known = {(method, route.replace("KL101", "C").replace("1", "N")) for method, route in routes}
    there = {
        (verb, pattern.replace(r"(\d{1,18})", "N").replace("([^/]+)", "S").replace(r"(KL\d+)", "C"))
        for pattern, handler in (*handlers.ROUTES, *run_handlers.ROUTES)
        for verb in ("get", "post", "put", "patch", "delete") if verb in vars(handler)
    }  # fmt: skip
    assert there == {*known, ("get", "runs/N/events")}


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=[" ".join(one) for one in ROUTES])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "token wrong"}], ids=["no token", "wrong token"])
def test_nobody_gets_in_without_the_token(server: Server, method: str, route: str, headers: Any) -> None:
    answered = server.ask(method, route, {"path": "a.ipynb"} if method == "POST" else None, headers=headers)
    assert answered.status in (302, 403)
    assert "kale-lite" not in answered.response.text.replace("/x/kale-lite/", "")


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[requests.Session]:
    """A browser that has logged in: it has cookies, and no token in its headers."""
    with requests.Session() as browser:
        assert browser.get(server.url("../tree"), params={"token": TOKEN}, timeout=30).status_code < 500
        assert [name for name in browser.cookies.keys() if name.startswith("username-")]  # noqa: SIM118
        yield browser


@pytest.mark.parametrize(
    ("method", "route"), [one for one in ROUTES if one[0] != "GET"],
    ids=[" ".join(one) for one in ROUTES if one[0] != "GET"],
)  # fmt: skip
def test_a_request_forged_by_another_page_is_refused(
    server: Server, session: requests.Session, method: str, route: str
) -> None:
    """The browser sends the cookie along with any form; the XSRF token only our page knows."""
    forged = session.request(method, server.url(route), data=b'{"tags": []}', timeout=30)
    assert forged.status_code == 403
    assert "_xsrf" in forged.json()["message"]


def test_the_page_itself_gets_through_with_its_xsrf_token(server: Server, session: requests.Session) -> None:
    token = session.cookies.get("_xsrf", path="/x/") or session.cookies["_xsrf"]
    sent = session.post(server.url("tags"), data=b'{"tags": []}', headers={"X-XSRFToken": token}, timeout=30)
    assert (sent.status_code, sent.json()) == (200, {"tags": []})
    assert session.get(server.url("info"), timeout=30).json()["name"] == "kale-lite"


def knock(server: Server, number: int = 1, **options: Any) -> int:
    """The status with which the channel of events is refused; 101 when it opens."""
    try:
        channel = websocket.create_connection(server.url(f"runs/{number}/events", "ws"), timeout=30, **options)
    except websocket.WebSocketBadStatusException as error:
        return int(error.status_code)
    channel.close()
    return 101


@pytest.fixture(scope="module")
def run(server: Server) -> int:
    """A run to ask about."""
    server.write("asked.ipynb", [("step:a", "x = 1")])
    return int(server.ended(server.run("asked.ipynb")["id"])["id"])


def test_the_channel_of_events_wants_the_token(server: Server, run: int) -> None:
    here = HERE.format(port=server.port)
    assert knock(server, run, origin=here) == 403
    assert knock(server, run, origin=here, header={"Authorization": "token wrong"}) == 403
    assert knock(server, run, origin=here, header=server.headers) == 101


def test_the_channel_of_events_is_closed_to_pages_from_elsewhere(
    server: Server, session: requests.Session, run: int
) -> None:
    cookies = "; ".join(f"{one.name}={one.value}" for one in session.cookies)
    assert knock(server, run, origin="http://elsewhere.example", cookie=cookies) == 403
    assert knock(server, run, origin="null", cookie=cookies) == 403
    assert knock(server, run, origin=HERE.format(port=server.port), cookie=cookies) == 101


def test_the_channel_of_events_of_what_is_not_there(server: Server) -> None:
    options = {"origin": HERE.format(port=server.port), "header": server.headers}
    assert knock(server, 987_654, **options) == 404
    url = server.url("runs/1/events?from=x", "ws")
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(url, timeout=30, **options)
    assert refused.value.status_code == 400


OUTSIDE = ["../out.ipynb", "a/../../out.ipynb", "/../out.ipynb", "link/out.ipynb", "out-link.ipynb", "RTC:../out.ipynb",
           "RTC:link/out.ipynb"]  # fmt: skip


@pytest.fixture(scope="session")  # the links can be made once
def outside(server: Server) -> Path:
    """A notebook beside the root folder, and symbolic links that lead to it."""
    folder = server.root.parent
    inside = server.root / "out.ipynb"
    server.write("out.ipynb", [("step:a", "open('ran', 'w').close()")])
    (folder / "out.ipynb").write_bytes(inside.read_bytes())
    inside.unlink()
    (server.root / "link").symlink_to(folder)
    (server.root / "out-link.ipynb").symlink_to(folder / "out.ipynb")
    return folder / "out.ipynb"


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside_the_root_folder_is_touched(server: Server, outside: Path, path: str) -> None:
    about = {"path": path, "notebook": NOTEBOOK}
    answers = [
        server.post("analyse", {**about, "client": "c"}), server.post("suggest", about),
        server.post("compile", {**about, "format": "yaml", "save": True}), server.post("runs", {"path": path}),
        server.get(f"runs?path={path}"),
    ]  # fmt: skip
    assert [one.status for one in answers] == [403] * 5
    assert all("outside the server's root folder" in one.data["message"] for one in answers)
    assert str(outside.parent) not in "".join(one.response.text for one in answers)
    assert not (outside.parent / "out.yaml").exists()
    assert not (outside.parent / "kale-lite-runs").exists()


def test_a_full_path_is_one_below_the_root_folder(server: Server, outside: Path) -> None:
    assert server.post("runs", {"path": str(outside)}).status == 404


@pytest.mark.parametrize("path", [".hidden/a.ipynb", "a/.hidden.ipynb", "RTC:.hidden/a.ipynb"])
def test_hidden_files_stay_hidden(server: Server, path: str) -> None:
    server.write(path.removeprefix("RTC:"), [("step:a", "x = 1")])
    answered = server.post("runs", {"path": path})
    assert (answered.status, answered.data["message"]) == (403, f"{path} is hidden")


def test_what_is_not_there(server: Server) -> None:
    (server.root / "folder.ipynb").mkdir()
    for path in ("nowhere.ipynb", "folder.ipynb"):
        answered = server.post("runs", {"path": path})
        assert (answered.status, answered.data["message"]) == (404, f"there is no notebook {path}")


def test_the_drive_of_real_time_collaboration_is_the_servers_disk(server: Server, run: int) -> None:
    rows = server.get("runs?path=RTC:asked.ipynb").data["runs"]
    assert [(one["id"], one["path"]) for one in rows] == [(run, "asked.ipynb")]


def test_other_drives_are_refused_and_a_colon_in_a_name_is_not(server: Server) -> None:
    answered = server.post("runs", {"path": "S3:bucket/a.ipynb"})
    assert answered.status == 400
    assert "'S3'" in answered.data["message"]
    server.write("part:1.ipynb", [("step:a|prev:zz", "x = 1")])
    assert server.post("runs", {"path": "part:1.ipynb"}).status == 422


def test_a_record_outside_of_the_root_folder_is_kept_from_the_page(server: Server, tmp_path: Path, run: int) -> None:
    """The history is the user's; a server for one folder of his shows what lies there only."""
    narrow = Server(tmp_path / "narrow", server.log.with_name("narrow.log"), server.environ)
    narrow.root.mkdir()
    narrow.start()
    try:
        routes = [
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/stop"),
            ("POST", "/resume"),
            ("GET", "/steps/a"),
            ("GET", "/report"),
        ]
        for method, route in routes:
            answered = narrow.ask(method, f"runs/{run}{route}")
            assert (answered.status, route) == (403, route)
            assert str(server.root) not in answered.response.text
        assert knock(narrow, run, origin=HERE.format(port=narrow.port), header=narrow.headers) == 403
    finally:
        narrow.stop()
    assert server.get(f"runs/{run}").data["kept"]
