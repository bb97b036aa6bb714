/**
 * A client whose types graphql-codegen makes from the schema and from the documents below.
 *
 * node main.js URL TOKEN; prints what it was told, as JSON.
 */
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { graphql } from "./gql/gql.js";
import type { OrderStatus } from "./gql/graphql.js";

declare const process: { argv: string[] };

const [url, token] = process.argv.slice(2) as [string, string];

async function ask<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const Board = graphql(`
  query Board($first: Int!, $filter: OrderFilter) {
    orders(first: $first, filter: $filter) {
      edges { node { id number status createdAt progress { done total } } }
    }
  }
`);
const SetStatus = graphql(`
  mutation SetStatus($input: SetOrderStatusInput!) {
    setOrderStatus(input: $input) { cursor order { status version } }
  }
`);

const next: OrderStatus = "IN_PROGRESS";
const board = await ask(Board, { first: 1, filter: { status: { in: ["PENDING"] } } });
const [edge] = board.orders.edges;
if (!edge) throw new Error("There is no order.");
const { id, number, createdAt, progress } = edge.node;
const changed = await ask(SetStatus, { input: { id, status: next } });
const year: string = createdAt.slice(0, 4);
console.log(
  JSON.stringify({
    number,
    year,
    left: progress.total - progress.done,
    status: changed.setOrderStatus?.order.status,
  }),
);
