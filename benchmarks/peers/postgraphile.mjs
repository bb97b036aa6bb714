// PostGraphile over the same tables: its own schema, renamed by smart tags, and a plugin with plans
// for what it has no name for. Every plan becomes part of the SQL of the whole operation.
import { createServer } from "node:http";
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import { postgraphile } from "postgraphile";
import { sideEffectWithPgClientTransaction, TYPES } from "postgraphile/@dataplan/pg";
import { makePgService } from "postgraphile/adaptors/pg";
import { connection, constant, context, lambda, object } from "postgraphile/grafast";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { extendSchema, jsonPgSmartTags } from "postgraphile/utils";
import { insertMessage } from "./shared/actions.mjs";
import { changes } from "./shared/fields.mjs";
import { decode, encode } from "./shared/ids.mjs";
import { signIn } from "./shared/viewer.mjs";

const hidden = { tags: { behavior: "-attribute:select" } };
const named = (fieldName) => ({ tags: { fieldName } });
const Tags = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      log_entries: { tags: { name: "activities" }, attribute: { subject_id: hidden } },
      messages: { attribute: { text: hidden } },
      orders: { attribute: { number: hidden } },
    },
    constraint: {
      "orders.fk_orders_organization_id_customer_id": named("customer"),
      "assignments.fk_assignments_organization_id_person_id": named("person"),
      "checklist_items.fk_checklist_items_organization_id_done_by_id": named("doneBy"),
      "messages.fk_messages_organization_id_author_id": named("author"),
      "log_entries.fk_log_entries_organization_id_actor_id": named("actor"),
    },
  },
});

const typeDefs = `
  extend type Query {
    orders: OrderConnection!
    order(id: ID!): Order
  }
  extend type Mutation {
    postMessage(input: PostMessageInput!): PostMessagePayload
  }
  input PostMessageInput { orderId: ID!, text: String! }
  type PostMessagePayload { message: Message! }
  type Progress { done: Int!, total: Int! }
  type Property {
    street: String!
    unit: String!
    city: String!
    region: String!
    postalCode: String!
    country: String!
    entryNotes: String!
  }
  extend type Order {
    id: ID!
    number: String!
    property: Property!
    projectManager: Person
    progress: Progress!
    services: [OrderService!]!
    assignments: [Assignment!]!
    checklists: [Checklist!]!
    lastMessage: Message
    feed(last: Int!): FeedEntryConnection!
  }
  extend type Person { id: ID! }
  extend type OrderService {
    id: ID!
    assignee: Person
    progress: Progress!
    checklists: [Checklist!]!
  }
  extend type Assignment { id: ID! }
  extend type Checklist { id: ID!, items: [ChecklistItem!]! }
  extend type ChecklistItem { id: ID! }
  extend type Message { id: ID!, text: String }
  type Change { field: String!, before: String, after: String }
  extend type Activity { id: ID!, subjectId: ID!, changes: [Change!]! }
  union FeedEntry = Message | Activity
  type FeedEntryConnection { edges: [FeedEntryEdge!]! }
  type FeedEntryEdge { node: FeedEntry! }
`;

const Plans = extendSchema((build) => {
  const { sql } = build;
  const tables = build.input.pgRegistry.pgResources;
  const organization = () => context().get("viewer").get("organizationId");
  const id = (prefix) => ($row) => lambda($row.get("id"), (uuid) => encode(prefix, uuid), true);

  // The rows of a table whose column has the id of a row, in an order.
  function of(table, column, $row, ...order) {
    const $rows = tables[table].find({
      organization_id: $row.get("organization_id"),
      [column]: $row.get("id"),
    });
    for (const attribute of order) $rows.orderBy({ attribute, direction: "ASC" });
    return $rows;
  }

  function progress(column, $row) {
    const $items = of("checklist_items", column, $row);
    if (column === "order_id") {
      $items.where(sql`not exists (select from order_services service
        where service.organization_id = ${$items}.organization_id
          and service.id = ${$items}.order_service_id and service.status = 'ARCHIVED')`);
    }
    return $items.clone("aggregate").single();
  }

  function assigned(role, column, $row) {
    const $assignments = of("assignments", column, $row);
    $assignments.where(sql`${$assignments}.role = ${sql.literal(role)}`);
    const $assignment = $assignments.single();
    return tables.people.get({
      organization_id: $assignment.get("organization_id"),
      id: $assignment.get("person_id"),
    });
  }

  return {
    typeDefs,
    objects: {
      Query: {
        plans: {
          orders() {
            const $orders = tables.orders.find({ organization_id: organization() });
            $orders.orderBy({ attribute: "created_at", direction: "DESC" });
            $orders.orderBy({ attribute: "id", direction: "DESC" });
            $orders.setOrderIsUnique();
            return connection($orders);
          },
          order: (_, { $id }) =>
            tables.orders.get({ organization_id: organization(), id: lambda($id, decode, true) }),
        },
      },
      Order: {
        plans: {
          id: id("ord"),
          number: ($order) => lambda($order.get("number"), (n) => String(n).padStart(6, "0"), true),
          property: ($order) => $order,
          projectManager: ($order) => assigned("PROJECT_MANAGER", "order_id", $order),
          progress: ($order) => progress("order_id", $order),
          services($order) {
            const $services = of("order_services", "order_id", $order);
            $services.orderBy({
              fragment: sql`CASE ${$services}.status WHEN 'PRE_PRODUCTION' THEN 0
                WHEN 'PRODUCTION' THEN 1 WHEN 'POST_PRODUCTION' THEN 2 WHEN 'COMPLETE' THEN 3
                ELSE 4 END`,
              codec: TYPES.int,
              direction: "ASC",
            });
            $services.orderBy({ attribute: "position", direction: "ASC" });
            $services.orderBy({ attribute: "id", direction: "ASC" });
            return $services;
          },
          assignments: ($order) => of("assignments", "order_id", $order, "created_at", "id"),
          checklists($order) {
            const $checklists = of("checklists", "order_id", $order, "position", "id");
            $checklists.where(sql`${$checklists}.order_service_id IS NULL`);
            return $checklists;
          },
          lastMessage($order) {
            const $messages = of("messages", "order_id", $order);
            $messages.orderBy({ attribute: "created_at", direction: "DESC" });
            $messages.orderBy({ attribute: "id", direction: "DESC" });
            $messages.setFirst(constant(1));
            return $messages.single();
          },
          feed($order, { $last }) {
            const $entries = of("activities", "order_id", $order, "seq");
            $entries.where(sql`${$entries}.kind NOT IN
              ('MESSAGE_EDITED', 'MESSAGE_DELETED', 'PERSON_MENTIONED', 'ORDER_READ')`);
            $entries.setOrderIsUnique();
            const $feed = connection($entries);
            $feed.setLast($last);
            return $feed;
          },
        },
      },
      Property: {
        plans: Object.fromEntries(
          Object.entries({
            street: "property_street",
            unit: "property_unit",
            city: "property_city",
            region: "property_region",
            postalCode: "property_postal_code",
            country: "property_country",
            entryNotes: "property_entry_notes",
          }).map(([name, column]) => [name, ($order) => $order.get(column)]),
        ),
      },
      Progress: {
        plans: {
          done: ($items) => $items.select(sql`count(${$items}.done_at)::int`, TYPES.int),
          total: ($items) => $items.select(sql`count(*)::int`, TYPES.int),
        },
      },
      Person: { plans: { id: id("per") } },
      OrderService: {
        plans: {
          id: id("osv"),
          assignee: ($service) => assigned("ASSIGNEE", "order_service_id", $service),
          progress: ($service) => progress("order_service_id", $service),
          checklists: ($service) => of("checklists", "order_service_id", $service, "position", "id"),
        },
      },
      Assignment: { plans: { id: id("asg") } },
      Checklist: {
        plans: {
          id: id("chk"),
          items: ($checklist) => of("checklist_items", "checklist_id", $checklist, "position", "id"),
        },
      },
      ChecklistItem: { plans: { id: id("cki") } },
      Message: {
        plans: {
          id: id("msg"),
          text: ($message) =>
            lambda([$message.get("deleted_at"), $message.get("text")], ([gone, text]) => (gone ? null : text), true),
        },
      },
      Activity: {
        plans: {
          id: id("log"),
          subjectId: ($entry) =>
            lambda([$entry.get("subject_type"), $entry.get("subject_id")], ([type, id]) => encode(type, id), true),
          changes: ($entry) => lambda($entry.get("params"), changes, true),
        },
      },
      FeedEntryConnection: { plans: { edges: ($feed) => $feed.edges() } },
      FeedEntryEdge: { plans: { node: ($edge) => $edge.node() } },
      Mutation: {
        plans: {
          postMessage(_, { $input }) {
            const $message = sideEffectWithPgClientTransaction(
              tables.messages.executor,
              object({ viewer: context().get("viewer"), input: $input }),
              post,
            );
            return object({ message: tables.messages.get({ organization_id: organization(), id: $message }) });
          },
        },
      },
    },
    unions: {
      FeedEntry: {
        planType(_, { $original: $entry }) {
          const $__typename = lambda(
            $entry.get("kind"),
            (kind) => (kind === "MESSAGE_POSTED" ? "Message" : "Activity"),
            true,
          );
          return {
            $__typename,
            planForType: ({ name }) =>
              name === "Activity"
                ? $entry
                : tables.messages.get({
                    organization_id: $entry.get("organization_id"),
                    id: $entry.get("subject_id"),
                  }),
          };
        },
      },
    },
  };
});

async function post(client, { viewer, input }) {
  const row = async (name, text, ...values) => (await client.query({ name, text, values })).rows[0];
  return (await insertMessage(row, viewer, input)).id;
}

const server = createServer();
const instance = postgraphile({
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset],
  plugins: [Tags, Plans],
  pgServices: [
    makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], poolConfig: { max: 10 } }),
  ],
  schema: {
    defaultBehavior:
      "-insert -update -delete -node -query:resource:connection -query:resource:list -query:resource:single " +
      "-manyRelation:resource:connection -manyRelation:resource:list",
  },
  grafserv: { graphiql: false },
  grafast: {
    context: async ({ node }) => ({ viewer: await signIn(node.req.headers.authorization) }),
  },
});
await instance.createServ(grafserv).addTo(server);
server.listen(0, "127.0.0.1", () => {
  console.log(`API http://127.0.0.1:${server.address().port}/graphql`);
});
