"""What is unread: counted anew each time, from the log and the own marker."""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from factories import Agency, typed

STATE = "readState { upTo unreadMessages unreadMentions }"
WRITERS = ("admin", "staff", "manager")
NAMES = {"admin": "@Ada Admin", "staff": "@Sam Staff", "manager": "@Mia Manager"}


@dataclass
class Written:
    """A message as a person remembers it: where it was written, and where it came to mention."""

    id: str
    order: str
    author: str
    place: int
    mentioned_at: dict[str, int] = field(default_factory=dict)
    is_deleted: bool = False


@dataclass
class Chats:
    """What has happened, by whom, and how far each has read: the plain rules of counting."""

    agency: Agency
    orders: list[str]
    written: list[Written] = field(default_factory=list)
    read: dict[tuple[str, str], int] = field(default_factory=dict)
    cursors: list[str] = field(default_factory=list)

    async def act(self, chance: random.Random) -> None:
        """Something that somebody does."""
        by, order = chance.choice(WRITERS), chance.choice(self.orders)
        own = [each for each in self.written if each.author == by and not each.is_deleted]
        match chance.choice(("post", "post", "edit", "delete", "read")):
            case "edit" if own:
                await self.edit(chance.choice(own), self._mentioned(chance, by))
            case "delete" if own:
                message = chance.choice(own)
                await self._do(by, "deleteMessage", id=message.id)
                message.is_deleted, message.mentioned_at = True, {}
            case "read" if self.cursors:
                place = chance.randrange(len(self.cursors))
                await self._do(by, "markRead", orderId=order, upTo=self.cursors[place])
                self.read[by, order] = max(self.read.get((by, order), -1), place)
            case _:
                await self.post(by, order, self._mentioned(chance, by))

    def _mentioned(self, chance: random.Random, by: str) -> list[str]:
        others = [name for name in WRITERS if name != by]
        return chance.sample(others, chance.randrange(3))

    async def post(self, by: str, order: str, mentioned: list[str]) -> None:
        """Write a message; the places of the feed are what people mark as read."""
        text = " ".join(["Look", *(NAMES[name] for name in mentioned)])
        message = await self._do(by, "postMessage", orderId=order, text=text)
        place = await self._latest(order)
        said = dict.fromkeys(mentioned, place)
        self.written.append(Written(message["message"]["id"], order, by, place, said))

    async def edit(self, message: Written, mentioned: list[str]) -> None:
        """Write it anew: whom it mentions now for the first time is told at this place."""
        text = " ".join(
            ["Look again", *(NAMES[name] for name in mentioned), str(len(self.cursors))]
        )
        await self._do(message.author, "editMessage", id=message.id, text=text)
        place = await self._latest(message.order)
        before = message.mentioned_at
        message.mentioned_at = {name: before.get(name, place) for name in mentioned}

    async def _latest(self, order: str) -> int:
        """The number of the place that a client sees of what was last written."""
        filter_ = {"orderId": [order], "kind": ["MESSAGE_POSTED", "MESSAGE_EDITED"]}
        document = """query ($filter: ActivityFilter) {
          log(filter: $filter, last: 1) { edges { cursor } } }"""
        answer = await self.agency.ask(self.agency.admin, document, filter=filter_)
        self.cursors.append(answer["log"]["edges"][0]["cursor"])
        return len(self.cursors) - 1

    async def _do(self, by: str, name: str, **given: Any) -> Any:
        selection = "message { id }" if "Message" in name else ""
        return (await self.agency.do(getattr(self.agency, by), name, selection, **given))[name]

    def expected(self, by: str, order: str) -> dict[str, Any]:
        """What is unread by the plain rules."""
        read = self.read.get((by, order), -1)
        there = [each for each in self.written if each.order == order]
        mentions = [each.mentioned_at[by] for each in there if by in each.mentioned_at]
        return {
            "upTo": self.cursors[read] if read >= 0 else None,
            "unreadMessages": sum(
                each.place > read and each.author != by and not each.is_deleted for each in there
            ),
            "unreadMentions": sum(place > read for place in mentions),
        }


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_unread_is_exact_whatever_happened(agency: Agency, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - it is to be the same each time
    chats = Chats(agency, [await agency.book(), await agency.book()])
    for _ in range(30):
        await chats.act(chance)
    for by in WRITERS:
        document = (
            f"{{ viewer {{ unreadMentions }} orders {{ edges {{ node {{ id {STATE} }} }} }} }}"
        )
        answer = await agency.ask(getattr(agency, by), document)
        found = {
            each["node"]["id"]: each["node"]["readState"] for each in answer["orders"]["edges"]
        }
        assert found == {order: chats.expected(by, order) for order in chats.orders}
        total = sum(state["unreadMentions"] for state in found.values())
        assert answer["viewer"]["unreadMentions"] == total


async def test_what_is_unread_takes_two_statements_for_any_number_of_orders(
    agency: Agency, statements: list[str]
) -> None:
    sent = []
    for _ in range(2):
        order = await agency.book()
        await agency.do(agency.admin, "postMessage", orderId=order, text="Look @Sam Staff")
        statements.clear()
        answer = await agency.ask(
            agency.staff, f"{{ orders {{ edges {{ node {{ {STATE} }} }} }} }}"
        )
        assert not answer.errors
        sent.append(len(statements))
    assert sent == [3, 3]


async def test_customers_have_nothing_to_read(agency: Agency) -> None:
    order = await agency.book()
    await agency.do(agency.admin, "postMessage", orderId=order, text="Look")
    document = f"query ($id: ID!) {{ order(id: $id) {{ {STATE} }} }}"
    answer = await agency.ask(agency.customer, document, id=order)
    nothing = {"upTo": None, "unreadMessages": 0, "unreadMentions": 0}
    assert answer["order"] == {"readState": nothing}


async def test_other_devices_are_told_what_was_read(agency: Agency) -> None:
    order = await agency.book()
    await agency.do(agency.admin, "postMessage", orderId=order, text="Look")
    latest = (await agency.ask(agency.staff, "{ log(last: 1) { edges { cursor } } }"))["log"]
    up_to = latest["edges"][0]["cursor"]
    document = f"subscription {{ ordersRead {{ type kind order {{ id {STATE} }} }} }}"
    async with (
        agency.watch(agency.staff, document) as mine,
        agency.watch(agency.manager, document) as others,
    ):
        assert (await anext(mine))["ordersRead"]["type"] == "READY"
        assert (await anext(others))["ordersRead"]["type"] == "READY"
        for person in (agency.staff, agency.manager):
            await agency.do(person, "markRead", orderId=order, upTo=up_to)
        state = {"upTo": up_to, "unreadMessages": 0, "unreadMentions": 0}
        told = {"type": "CHANGE", "kind": "ORDER_READ", "order": {"id": order, "readState": state}}
        assert (await anext(mine))["ordersRead"] == told
        assert (await anext(others))["ordersRead"] == told


async def test_the_assigned_count_their_own(agency: Agency) -> None:
    order = await agency.book()
    person = typed(agency.contractor)
    await agency.do(agency.admin, "addTeamMember", id=order, personId=person)
    name = f"@{agency.contractor.name}"
    await agency.do(agency.admin, "postMessage", orderId=order, text=f"Look {name}")
    document = f"query ($id: ID!) {{ order(id: $id) {{ {STATE} }} }}"
    answer = await agency.ask(agency.contractor, document, id=order)
    state = {"upTo": None, "unreadMessages": 1, "unreadMentions": 1}
    assert answer["order"] == {"readState": state}
