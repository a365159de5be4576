"""What one person may ask in a minute."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from daeri.accounts.model import RateLimited
from daeri.web.limits import PersonLimit

ONE, OTHER = UUID(int=1), UUID(int=2)


class Wall:
    now = datetime(2026, 11, 22, 14, 0, 20, tzinfo=UTC)

    def wall_now(self) -> datetime:
        return self.now


def test_each_person_has_their_own_minute() -> None:
    wall = Wall()
    limit = PersonLimit("places", wall)
    for _ in range(3):
        limit.count(ONE, 3)
    with pytest.raises(RateLimited) as refused:
        limit.count(ONE, 3)
    assert refused.value.facts == {"scope": "places", "retry_after_s": 40}
    limit.count(OTHER, 3)
    wall.now += timedelta(seconds=40)
    limit.count(ONE, 3)
