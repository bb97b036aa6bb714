/**
 * Follows an order's feed with graphql-ws, as a client on a bad network does: after each loss of
 * its connection it goes on after the last cursor it was told. Prints an object a line.
 *
 * node follow.mjs URL ORDER_ID TOKEN... ; each connection takes the next token, while there is one.
 * A line on standard input cuts the connection.
 */
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, id, ...tokens] = process.argv.slice(2);
const query = `subscription ($id: ID!, $after: Cursor) {
  orderFeed(orderId: $id, after: $after) { type cursor entry { ... on Message { text } } }
}`;
const tell = (what) => console.log(JSON.stringify(what));
let cursor = null;
let connection;

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: () => ({
    Authorization: `Bearer ${tokens.length > 1 ? tokens.shift() : tokens[0]}`,
  }),
  retryAttempts: Infinity,
  retryWait: () => new Promise((done) => setTimeout(done, 50)),
  shouldRetry: () => true, // also when there is nobody to connect to
  on: {
    opened: (socket) => (connection = socket),
    closed: ({ code }) => tell({ closed: code }),
  },
});

client.subscribe(
  {
    query,
    variables: {
      id,
      get after() {
        return cursor;
      },
    },
  },
  {
    next({ data, errors }) {
      if (errors) throw new Error(JSON.stringify(errors));
      cursor = data.orderFeed.cursor;
      tell({ event: data.orderFeed });
    },
    error: (failure) => tell({ error: String(failure.reason ?? JSON.stringify(failure)) }),
    complete: () => tell({ complete: true }),
  },
);

process.stdin.on("data", () => connection.terminate());
process.stdin.on("end", () => process.exit());
