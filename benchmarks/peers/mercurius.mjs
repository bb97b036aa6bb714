// Mercurius on Fastify with graphql-jit, its data loaded by batched loaders and pg.
import { readFileSync } from "node:fs";
import fastify from "fastify";
import mercurius from "mercurius";
import { postMessage } from "./shared/actions.mjs";
import { fields } from "./shared/fields.mjs";
import * as reads from "./shared/reads.mjs";
import { signIn } from "./shared/viewer.mjs";

const resolvers = {
  Query: {
    orders: (_, { first, after }, { viewer }) => reads.orders(viewer, first, after),
    order: (_, { id }, { viewer }) => reads.order(viewer, id),
  },
  Mutation: {
    postMessage: (_, { input }, { viewer }) => postMessage(viewer, input),
  },
  FeedEntry: { resolveType: (entry) => entry.__typename },
  ...fields,
};

// Without its cache, which would write each parent as JSON to find it; the reads drop doubles.
const loader = (read, key) => ({
  loader: (queries, { viewer }) => read(viewer, queries.map(({ obj }) => obj[key]), queries[0].params.last),
  opts: { cache: false },
});
const loaders = {
  Order: {
    customer: loader(reads.people, "customerId"),
    projectManager: loader(reads.projectManagers, "id"),
    progress: loader(reads.orderProgress, "id"),
    services: loader(reads.services, "id"),
    assignments: loader(reads.assignments, "id"),
    checklists: loader(reads.orderChecklists, "id"),
    lastMessage: loader(reads.lastMessages, "id"),
    feed: loader(reads.feeds, "id"),
  },
  OrderService: {
    assignee: loader(reads.assignees, "id"),
    progress: loader(reads.serviceProgress, "id"),
    checklists: loader(reads.serviceChecklists, "id"),
  },
  Assignment: { person: loader(reads.people, "personId") },
  Checklist: { items: loader(reads.items, "id") },
  ChecklistItem: { doneBy: loader(reads.people, "doneById") },
  Message: { author: loader(reads.people, "authorId") },
  Activity: { actor: loader(reads.people, "actorId") },
};

const app = fastify();
await app.register(mercurius, {
  schema: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  resolvers,
  loaders,
  context: async (request) => ({ viewer: await signIn(request.headers.authorization) }),
  jit: 1,
});
console.log(`API ${await app.listen({ host: "127.0.0.1", port: 0 })}/graphql`);
