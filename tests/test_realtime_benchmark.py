"""The benchmark of subscriptions: its servers tell the same, its listeners notice what is wrong."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from factories import Agency
from processes import token
from watched import Watched

from benchmarks.realtime.load import loading
from benchmarks.realtime.targets import SERVERS, Ground, Target
from benchmarks.servers import OURS, Running, running
from benchmarks.stage import FOLDER, Stage
from server.embedded import Postgres

OTHERS = [each for each in SERVERS if each.name in {"raw", "stock"}]  # which need no npm


@pytest.fixture
async def orders(agency: Agency) -> list[str]:
    """Orders on which nothing else happens."""
    return [await agency.book() for _ in range(2)]


@pytest.fixture
def ground(postgres: Postgres, agency: Agency, orders: list[str]) -> Iterator[Ground]:
    """What the measurements need of a stage: no database of its own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    who = token(agency.staff)
    stage = Stage(postgres, "", who, orders, (), 0)
    with loading() as load:
        yield Ground(stage, load, [who], seconds=0.3, share=1)


def test_other_servers_tell_what_ours_does_and_each_listener_hears_it(
    server: Watched, ground: Ground
) -> None:
    url = f"http://{server.address}/graphql"
    ours = Target(Running(OURS, url, 0), url)
    frame = ground.sample(ours)
    assert '"__typename":"Message"' in frame
    assert hears(ground, ours)
    for each in OTHERS:
        with running(each, ground.stage) as other:
            target = Target.other(other, frame)
            assert ground.sample(target) == frame
            assert hears(ground, target)
            with pytest.raises(SystemExit, match="6 listeners"):
                hears(ground, replace(target, frame=frame.replace("No. 00000", "No. 90000")))


def hears(ground: Ground, target: Target) -> bool:
    """Whether all who listen to a server hear what is posted there, none before it was sent."""
    load, orders = ground.load, ground.orders
    load.connect(ground.wish([target.server.url], orders, 6))
    load.begin(target.posting(ground.stage, orders, seconds=0.3, per_second=20))
    try:
        heard = load.end()
    finally:
        load.leave()
    return heard.frames == 6 * 3 and min(heard.waits(heard.sent_at)) > 0
