"""An ASGI application that sends ready-made text to WebSockets: no GraphQL, no framework.

What is published arrives at `/publish`.
"""

from collections import defaultdict
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from benchmarks.peers.serving import serve

READY = b'{"data":{"orderFeed":{"type":"READY","cursor":"","kind":null,"entry":null}}}'

followers: dict[str, dict[int, Send]] = defaultdict(dict)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """A WebSocket, or something to publish."""
    if scope["type"] == "websocket":
        await follow(receive, send)
    else:
        (order,) = parse_qs(scope["query_string"].decode())["order"]
        await publish(order, receive)
        await send({"type": "http.response.start", "status": 200, "headers": _EMPTY})
        await send({"type": "http.response.body"})


_EMPTY = [(b"content-length", b"0")]


async def follow(receive: Receive, send: Send) -> None:
    """Add who subscribes to the followers of their order."""
    order = ""
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
            continue
        said = orjson.loads(message["text"])
        if said["type"] == "connection_init":
            await send({"type": "websocket.send", "text": '{"type":"connection_ack"}'})
        elif said["type"] == "subscribe":
            order = said["payload"]["variables"]["order"]
            await send({"type": "websocket.send", "text": framed(READY)})
            followers[order][id(send)] = send
    followers[order].pop(id(send), None)


async def publish(order: str, receive: Receive) -> None:
    """Send it to all who follow an order."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    text = framed(body)
    for send in tuple(followers[order].values()):
        await send({"type": "websocket.send", "text": text})


def framed(payload: bytes) -> str:
    """The message of the protocol."""
    return f'{{"id":"1","type":"next","payload":{payload.decode()}}}'


if __name__ == "__main__":
    serve(app)
