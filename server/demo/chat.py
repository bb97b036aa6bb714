"""The chat of an order: conversations, and whom they mention."""

import re
from collections.abc import Iterator, Sequence

from models import JobRole, Mention, Message, OrderService, OrderStatus, Permission, Person
from server.demo import acts
from server.demo.booking import Booking
from server.demo.production import category_of
from server.demo.talk import ABOUT_ORDERS, ABOUT_SERVICES, AFTERTHOUGHTS, Conversation

_SHARE = 0.6  # of the orders that are talked about
_MOST = 12  # messages about one order
_NEW, _BEGUN = (0.05, 0.4), (0.25, 0.6)  # when talk about it begins: parts of its time
_PAUSE, _ANSWER = (2, 12), (0.03, 0.6)  # hours before a conversation, and before an answer
_MENTION = re.compile(r"@(\w+)")


def talk(booking: Booking, services: Sequence[OrderService]) -> None:
    """Hold a few conversations about most orders, while they are worked on."""
    dice = booking.draft.dice
    if not booking.draft.chance(_SHARE):
        return
    said = [
        (dice.uniform(*(_PAUSE if i == 0 else _ANSWER)), service, speaker, text)
        for service, conversation in _conversations(booking, services, dice.choice((1, 1, 2, 3)))
        for i, (speaker, text) in enumerate(conversation)
    ][:_MOST]
    hours = booking.between(*(_NEW if booking.outcome is OrderStatus.PENDING else _BEGUN))
    left = hours - booking.at(0.95)
    scale = min(1, left / sum(pause for pause, *_ in said))
    casts = {service: _cast(booking, service) for _, service, *_ in said}
    for pause, service, speaker, text in said:
        hours -= scale * pause
        _say(booking, hours, service, casts[service][speaker], text, casts[service])


def _conversations(
    booking: Booking, services: Sequence[OrderService], number: int
) -> list[tuple[OrderService | None, Conversation]]:
    """Conversations about services of the order, and one or more about the order as a whole."""
    dice = booking.draft.dice
    topics: list[tuple[OrderService | None, Conversation]] = []
    if booking.outcome is not OrderStatus.PENDING:
        for service in services:
            about = ABOUT_SERVICES.get(category_of(service), ())
            topics += [(service, conversation) for conversation in about]
    dice.shuffle(topics)
    topics = topics[: dice.randint(0, number)]
    general = dice.sample(ABOUT_ORDERS, max(1, number - len(topics)))
    return topics + [(None, conversation) for conversation in general]


def _cast(booking: Booking, service: OrderService | None) -> dict[str, Person]:
    """Who speaks: those who work on it, or colleagues who may see it."""
    people, dice = booking.people, booking.draft.dice
    staff = people.of(JobRole.PHOTO_EDITOR, Permission.STAFF)
    doer = booking.assigned.get(service.id) if service else None
    is_editor = doer and doer is not booking.shooter
    shooter = booking.shooter
    if not booking.can_see_it(shooter):
        shooter = dice.choice(people.of(JobRole.CREATIVE_SPECIALIST, Permission.STAFF))
    return {
        "manager": booking.manager,
        "shooter": shooter,
        "editor": doer if doer and is_editor else dice.choice(staff),
        "success": booking.success,
    }


def _say(
    booking: Booking,
    hours: float,
    service: OrderService | None,
    author: Person,
    text: str,
    cast: dict[str, Person],
) -> None:
    """Write a message; some are edited or deleted later."""
    draft = booking.draft
    where = {
        "order_id": booking.order.id,
        "order_service_id": service.id if service else None,
    }
    words = _MENTION.findall(text)
    message = draft.new(
        Message,
        hours,
        author_id=author.id,
        text=_MENTION.sub(lambda match: f"@{_called(match[1], cast)}", text),
        **where,
    )
    mentions = [
        draft.new(
            Mention, hours, message_id=message.id, person_id=person.id, job_role=role, **where
        )
        for person, role in _meant(booking, words, cast)
        if person is not author
    ]
    draft.then(hours, author, acts.post, message, mentions)
    if draft.chance(0.05):
        longer = message.text + draft.dice.choice(AFTERTHOUGHTS)
        draft.then(_soon(hours), author, acts.edit, message, longer)
    elif not words and draft.chance(0.02):
        draft.then(_soon(hours), author, acts.delete, message)


def _soon(hours: float) -> float:
    """A few minutes later, but not in the future."""
    return hours - min(0.1, 0.5 * hours)


def _called(word: str, cast: dict[str, Person]) -> str:
    return cast[word].name if word in cast else JobRole[word].name.replace("_", " ").title()


def _meant(
    booking: Booking, words: Sequence[str], cast: dict[str, Person]
) -> Iterator[tuple[Person, JobRole | None]]:
    """Those who are mentioned and may see the order: by name, or by job role."""
    for word in words:
        if word in cast:
            yield cast[word], None
        else:
            role = JobRole[word]
            for person in booking.people.of(role):
                if booking.can_see_it(person):
                    yield person, role
