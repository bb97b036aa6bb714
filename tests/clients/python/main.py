"""A client whose types ariadne-codegen makes: `main.py URL TOKEN` prints what it is told."""

import asyncio
import json
import sys

from callsheet_client import Client, OrderFilter, OrderStatus, OrderStatusFilter, SetOrderStatusInput
from callsheet_client.exceptions import GraphQLClientGraphQLMultiError


async def main(url: str, token: str) -> None:
    async with Client(url, {"Authorization": f"Bearer {token}"}) as client:
        pending = OrderFilter(status=OrderStatusFilter(in_=[OrderStatus.PENDING]))
        board = await client.board(first=1, filter_=pending)
        order = board.orders.edges[0].node
        wanted = SetOrderStatusInput(id=order.id, status=OrderStatus.IN_PROGRESS)
        changed = await client.set_status(input=wanted)
        feed = await client.feed(order=order.id)
        last = feed.order.feed.edges[0].node
        try:
            await client.set_status(input=wanted.model_copy(update={"expected_version": 1}))
        except GraphQLClientGraphQLMultiError as error:
            code = error.errors[0].extensions["code"]
    told = {
        "number": order.number,
        "year": order.created_at.year,
        "left": order.progress.total - order.progress.done,
        "status": changed.set_order_status.order.status.value,
        "last": last.typename__,
        "code": code,
    }
    print(json.dumps(told))


asyncio.run(main(*sys.argv[1:]))
