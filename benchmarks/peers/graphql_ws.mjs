// graphql-ws on ws: graphql-js executes for each who follows an order. Publish at `/publish`.
import { createServer } from "node:http";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const schema = buildSchema(`
  scalar Cursor
  type Person { id: ID! name: String! }
  type Message { id: ID! text: String! createdAt: String! author: Person! }
  type Activity { id: ID! summary: String! }
  union FeedEntry = Message | Activity
  type FeedEvent { type: String! cursor: Cursor! kind: String entry: FeedEntry }
  type Query { name: String }
  type Subscription { orderFeed(orderId: ID!, after: Cursor): FeedEvent! }
`);

// What was published since it was asked last, and whoever waits for it.
class Events {
  constructor(followers) {
    this.followers = followers.add(this);
    this.waiting = [];
    this.push({ type: "READY", cursor: "" });
  }

  push(event) {
    const result = { value: { orderFeed: event }, done: false };
    if (!this.resolve) return this.waiting.push(result);
    this.resolve(result);
    this.resolve = undefined;
  }

  next() {
    if (this.waiting.length) return Promise.resolve(this.waiting.shift());
    return new Promise((resolve) => (this.resolve = resolve));
  }

  return() {
    this.followers.delete(this);
    this.resolve?.({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

const orders = new Map();
const followers = (id) => orders.get(id) ?? orders.set(id, new Set()).get(id);

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const event = JSON.parse(Buffer.concat(chunks).toString()).data.orderFeed;
  const id = new URL(request.url, "http://localhost").searchParams.get("order");
  for (const each of followers(id)) each.push(event);
  response.setHeader("Content-Length", 0).end();
});
const sockets = new WebSocketServer({ server, path: "/graphql", perMessageDeflate: false });
const orderFeed = ({ orderId }) => new Events(followers(orderId));
useServer({ schema, roots: { subscription: { orderFeed } } }, sockets, 0); // without keep-alives
server.listen(0, "127.0.0.1", 4096, () =>
  console.log(`API http://127.0.0.1:${server.address().port}/graphql`),
);
