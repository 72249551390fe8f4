"""What the page needs of a run beside its states: its cells, the server's clock, its report."""

from __future__ import annotations

import hashlib
import time

from tests.server.serving import Server


def test_a_run_tells_the_cells_that_ran_and_the_servers_clock(server: Server) -> None:
    """By them the page finds cells again that moved, and counts the time of steps, whatever its own clock says."""
    written = server.write("shown/told.ipynb", [("step:a", "x = 'é'"), ("skip", "print(x)"), ("step:b", "y = x")])
    run = server.ended(server.run("shown/told.ipynb")["id"])
    assert run["status"] == "done"
    sources = ["".join(cell["source"]) for cell in written["cells"]]
    digests = {str(n): hashlib.sha256(source.encode()).hexdigest() for n, source in enumerate(sources, 1) if n != 2}
    assert run["cells"] == digests
    assert abs(run["now"] - time.time()) < 5


def test_a_report_is_a_page(server: Server) -> None:
    """Sent as JSON, a frame shows its source."""
    server.write("shown/page.ipynb", [("step:a", "print(1)")])
    run = server.ended(server.run("shown/page.ipynb")["id"])
    # The last message of the channel comes when the run's process has ended; the report is written before that.
    assert list(server.events(run["id"]))[-1] == {"closed": True}
    answered = server.get(f"runs/{run['id']}/report")
    assert answered.status == 200
    assert answered.response.headers["Content-Type"].split(";")[0] == "text/html"
    assert "sandbox" in answered.response.headers["Content-Security-Policy"]
