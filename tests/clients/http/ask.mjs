/**
 * Asks and changes with Apollo Client and urql, as they come. Prints an object a line.
 *
 * node ask.mjs URL TOKEN ORDER_ID
 */
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { Client, fetchExchange } from "@urql/core";

const [url, token, order] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const NAME = "query Name { viewer { person { name } } }";
const POST = `mutation Post($order: ID!, $text: String!) {
  postMessage(input: { orderId: $order, text: $text }) { message { text } }
}`;

let asked = [];

async function noting(input, init) {
  const answer = await fetch(input, init);
  const [type] = answer.headers.get("content-type").split(";");
  asked.push({ method: init.method, status: answer.status, type });
  return answer;
}

function tell(client, { data, error, errors }) {
  console.log(JSON.stringify({ client, data, errors: error?.message ?? errors, asked }));
  asked = [];
}

const http = new HttpLink({ uri: url, headers, fetch: noting });
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hashed = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
const options = { errorPolicy: "all", fetchPolicy: "no-cache" };
for (const [name, link] of [
  ["apollo", http],
  ["apollo by hash", ApolloLink.from([hashed, http])],
  ["apollo by hash", ApolloLink.from([hashed, http])],
]) {
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  tell(name, await client.query({ query: gql(NAME), ...options }));
  const variables = { order, text: name };
  tell(name, await client.mutate({ mutation: gql(POST), variables, ...options }));
}

const urql = new Client({
  url,
  exchanges: [fetchExchange],
  fetch: noting,
  fetchOptions: { headers },
  preferGetMethod: false,
});
tell("urql", await urql.query(NAME, {}).toPromise());
tell("urql", await urql.mutation(POST, { order, text: "urql" }).toPromise());
