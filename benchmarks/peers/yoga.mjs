// GraphQL Yoga, its data loaded by DataLoader and pg.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import DataLoader from "dataloader";
import { createSchema, createYoga } from "graphql-yoga";
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
  Order: {
    ...fields.Order,
    customer: (order, _, { load }) => load("people").load(order.customerId),
    projectManager: (order, _, { load }) => load("projectManagers").load(order.id),
    progress: (order, _, { load }) => load("orderProgress").load(order.id),
    services: (order, _, { load }) => load("services").load(order.id),
    assignments: (order, _, { load }) => load("assignments").load(order.id),
    checklists: (order, _, { load }) => load("orderChecklists").load(order.id),
    lastMessage: (order, _, { load }) => load("lastMessages").load(order.id),
    feed: (order, { last }, { load }) => load("feeds", last).load(order.id),
  },
  Person: fields.Person,
  OrderService: {
    ...fields.OrderService,
    assignee: (service, _, { load }) => load("assignees").load(service.id),
    progress: (service, _, { load }) => load("serviceProgress").load(service.id),
    checklists: (service, _, { load }) => load("serviceChecklists").load(service.id),
  },
  Assignment: {
    ...fields.Assignment,
    person: (assignment, _, { load }) => load("people").load(assignment.personId),
  },
  Checklist: {
    ...fields.Checklist,
    items: (checklist, _, { load }) => load("items").load(checklist.id),
  },
  ChecklistItem: {
    ...fields.ChecklistItem,
    doneBy: (item, _, { load }) => item.doneById && load("people").load(item.doneById),
  },
  Message: {
    ...fields.Message,
    author: (message, _, { load }) => load("people").load(message.authorId),
  },
  Activity: {
    ...fields.Activity,
    actor: (entry, _, { load }) => entry.actorId && load("people").load(entry.actorId),
  },
};

async function context({ request }) {
  const viewer = await signIn(request.headers.get("authorization"));
  const loaders = new Map();
  function load(name, argument) {
    const key = argument === undefined ? name : `${name} ${argument}`;
    let loader = loaders.get(key);
    if (!loader) {
      loader = new DataLoader((keys) => reads[name](viewer, keys, argument));
      loaders.set(key, loader);
    }
    return loader;
  }
  return { viewer, load };
}

const typeDefs = readFileSync(new URL("schema.graphql", import.meta.url), "utf8");
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context,
  graphiql: false,
  landingPage: false,
  logging: false,
});
const server = createServer(yoga);
server.listen(0, "127.0.0.1", () => {
  console.log(`API http://127.0.0.1:${server.address().port}/graphql`);
});
