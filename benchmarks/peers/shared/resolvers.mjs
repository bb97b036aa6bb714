// Resolvers whose edges go through DataLoader, for servers that take resolvers.
import { readFileSync } from "node:fs";
import DataLoader from "dataloader";
import { postMessage } from "./actions.mjs";
import { fields } from "./fields.mjs";
import * as reads from "./reads.mjs";
import { signIn } from "./viewer.mjs";

export const typeDefs = readFileSync(new URL("../schema.graphql", import.meta.url), "utf8");

export const resolvers = {
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

// What resolvers get with a request: who asks, and loaders of its own.
export async function contextOf(authorization) {
  const viewer = await signIn(authorization);
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
