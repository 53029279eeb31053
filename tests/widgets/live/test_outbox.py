"""Whatever changes from one list of items to the next, the page ends with the right order."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from dari_nb.models import TimelineItem
from dari_nb.widgets.live.outbox import Outbox

LISTS = st.lists(st.sampled_from("abcdefgh"), unique=True)


class Page:
    """Puts fragments in place as the front end does."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.html: dict[str, str] = {}

    def apply(self, fragment):
        item_id = fragment["id"]
        if item_id in self.order:
            self.order.remove(item_id)
        self.html.pop(item_id, None)
        if fragment["html"] is not None:
            after = fragment["after"]
            self.order.insert(0 if after is None else self.order.index(after) + 1, item_id)
            self.html[item_id] = fragment["html"]


def items_of(ids, version):
    return [TimelineItem(id=item_id, message_id="m", type=f"{item_id}{version}") for item_id in ids]


@given(st.lists(st.tuples(LISTS, st.integers(0, 12)), min_size=1, max_size=6))
def test_any_series_of_lists_even_sent_in_part_ends_with_the_last_one(steps):
    outbox, page = Outbox(lambda item: item.type), Page()
    for version, (ids, taken) in enumerate(steps):
        for fragment in islice(outbox.changes(items_of(ids, version)), taken):
            page.apply(fragment)
    last = items_of(steps[-1][0], "last")
    for fragment in outbox.changes(last):
        page.apply(fragment)
    assert page.order == [item.id for item in last]
    assert page.html == {item.id: item.type for item in last}
    assert not list(outbox.changes(last))


def test_items_that_only_got_a_neighbour_are_not_sent_again():
    outbox = Outbox(lambda item: item.type)
    user, pending, call = items_of(["u", "p", "c"], 0)
    assert [f["id"] for f in outbox.changes([user, pending])] == ["u", "p"]
    assert [(f["id"], f["after"]) for f in outbox.changes([user, call, pending])] == [("c", "u")]


def test_items_with_the_same_id_or_none_are_all_shown():
    outbox, page = Outbox(lambda item: item.type), Page()
    items = [*items_of(["x", "x"], 0), *items_of(["", ""], 1), *items_of(["x"], 2)]
    for fragment in outbox.changes(items):
        page.apply(fragment)
    assert [page.html[item_id] for item_id in page.order] == ["x0", "x0", "1", "1", "x2"]
    assert not list(outbox.changes(items))
