// GraphQL Yoga, its data loaded by DataLoader and pg.
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";
import { contextOf, resolvers, typeDefs } from "./shared/resolvers.mjs";

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: ({ request }) => contextOf(request.headers.get("authorization")),
  graphiql: false,
  landingPage: false,
  logging: false,
});
const server = createServer(yoga);
server.listen(0, "127.0.0.1", () => {
  console.log(`API http://127.0.0.1:${server.address().port}/graphql`);
});
