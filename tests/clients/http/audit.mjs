/**
 * Audits a server against the GraphQL over HTTP specification. Prints an object a line.
 *
 * node audit.mjs URL TOKEN
 */
import { auditServer } from "graphql-http";

const [url, token] = process.argv.slice(2);

const results = await auditServer({
  url,
  fetchFn: (input, init = {}) =>
    fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
});
for (const { id, name, status, reason } of results) {
  console.log(JSON.stringify({ id, name, status, reason }));
}
