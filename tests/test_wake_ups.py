"""How often workers are woken."""

from __future__ import annotations

from service.storage.wake_ups import News


def test_the_first_news_is_given_at_once_and_what_comes_soon_after_together() -> None:
    news = News(0.5, "advance")
    assert news.waits(10.0) is None
    news.add("b")
    assert news.waits(10.0) == 0
    assert news.take(10.0) == [("b",)]
    for programme in ("b", "a", "b"):
        news.add(programme)
    assert news.waits(10.25) == 0.25
    assert news.waits(10.75) == 0
    assert news.take(10.75) == [("a",), ("b",)]
    assert news.waits(20.0) is None
