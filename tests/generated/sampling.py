"""Working programs, by seed."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.generated.programs import Program, branched, programs
from tests.generated.running import working

__all__ = ["sample"]

_TENTH = 10


def sample(number: int, count: int) -> list[Program]:
    """About ``count`` programs that Hypothesis draws for a seed, without their statements that do not work."""
    found: list[Program] = []

    @seed(number)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(programs(), branched())
    def draw(program: Program, apart: Program) -> None:
        usable = working(apart if len(found) % _TENTH == 0 else program)
        if usable is not None:
            found.append(usable)

    draw()
    return found
