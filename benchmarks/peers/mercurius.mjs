// Mercurius on Fastify with graphql-jit, its data loaded by DataLoader and pg.
// Not by its own loaders: they write each parent as JSON to know it again, cached or not.
import fastify from "fastify";
import mercurius from "mercurius";
import { contextOf, resolvers, typeDefs } from "./shared/resolvers.mjs";

const app = fastify();
await app.register(mercurius, {
  schema: typeDefs,
  resolvers: { ...resolvers, FeedEntry: { resolveType: (entry) => entry.__typename } },
  context: (request) => contextOf(request.headers.authorization),
  jit: 1,
});
console.log(`API ${await app.listen({ host: "127.0.0.1", port: 0 })}/graphql`);
