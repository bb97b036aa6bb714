// Reads: one statement for many keys each. A read takes the viewer and keys, and gives a value for
// each key, in order.
import { ASSIGNMENT, CHECKLIST, ENTRY, ITEM, MESSAGE, ORDER, PERSON, SERVICE } from "./columns.mjs";
import { rows } from "./database.mjs";
import { decode } from "./ids.mjs";

const HIDDEN = ["MESSAGE_EDITED", "MESSAGE_DELETED", "PERSON_MENTIONED", "ORDER_READ"];
const NOTHING = { done: 0, total: 0 };

export const people = one(
  "people",
  "id",
  `SELECT ${PERSON} FROM people p WHERE p.organization_id = $1 AND p.id = ANY($2::uuid[])`,
);

export const projectManagers = one(
  "project managers",
  "order_id",
  `SELECT a.order_id, ${PERSON} FROM assignments a JOIN people p
   ON p.organization_id = a.organization_id AND p.id = a.person_id
   WHERE a.organization_id = $1 AND a.order_id = ANY($2::uuid[]) AND a.role = 'PROJECT_MANAGER'`,
);

export const assignees = one(
  "assignees",
  "order_service_id",
  `SELECT a.order_service_id, ${PERSON} FROM assignments a JOIN people p
   ON p.organization_id = a.organization_id AND p.id = a.person_id
   WHERE a.organization_id = $1 AND a.order_service_id = ANY($2::uuid[]) AND a.role = 'ASSIGNEE'`,
);

export const orderProgress = progress(
  "order_id",
  `AND NOT EXISTS (SELECT FROM order_services service
     WHERE service.organization_id = $1 AND service.order_id = ANY($2::uuid[])
       AND service.id = order_service_id AND service.status = 'ARCHIVED')`,
);
export const serviceProgress = progress("order_service_id");

export const services = many(
  "services",
  "order_id",
  `SELECT ${SERVICE} FROM order_services
   WHERE organization_id = $1 AND order_id = ANY($2::uuid[])
   ORDER BY CASE status WHEN 'PRE_PRODUCTION' THEN 0 WHEN 'PRODUCTION' THEN 1
     WHEN 'POST_PRODUCTION' THEN 2 WHEN 'COMPLETE' THEN 3 ELSE 4 END, position, id`,
);

export const assignments = many(
  "assignments",
  "order_id",
  `SELECT ${ASSIGNMENT} FROM assignments WHERE organization_id = $1 AND order_id = ANY($2::uuid[])
   ORDER BY created_at, id`,
);

export const orderChecklists = many(
  "checklists of orders",
  "order_id",
  `SELECT ${CHECKLIST} FROM checklists WHERE organization_id = $1 AND order_id = ANY($2::uuid[])
   AND order_service_id IS NULL ORDER BY position, id`,
);

export const serviceChecklists = many(
  "checklists of services",
  "order_service_id",
  `SELECT ${CHECKLIST} FROM checklists
   WHERE organization_id = $1 AND order_service_id = ANY($2::uuid[]) ORDER BY position, id`,
);

export const items = many(
  "items",
  "checklist_id",
  `SELECT ${ITEM} FROM checklist_items
   WHERE organization_id = $1 AND checklist_id = ANY($2::uuid[]) ORDER BY position, id`,
);

export const lastMessages = one(
  "last messages",
  "order_id",
  `SELECT newest.* FROM unnest($2::uuid[]) AS wanted(id) CROSS JOIN LATERAL (
     SELECT ${MESSAGE} FROM messages m WHERE m.organization_id = $1 AND m.order_id = wanted.id
     ORDER BY m.created_at DESC, m.id DESC LIMIT 1) AS newest`,
);

const messages = one(
  "messages",
  "id",
  `SELECT ${MESSAGE} FROM messages WHERE organization_id = $1 AND id = ANY($2::uuid[])`,
);

export async function feeds(viewer, keys, last) {
  const entries = await rows(
    "feeds",
    `SELECT own.* FROM unnest($2::uuid[]) AS wanted(id) CROSS JOIN LATERAL (
       SELECT ${ENTRY} FROM log_entries e WHERE e.organization_id = $1 AND e.order_id = wanted.id
       AND e.kind <> ALL($3::varchar[]) ORDER BY e.seq DESC LIMIT $4) AS own`,
    viewer.organizationId,
    keys,
    HIDDEN,
    last,
  );
  const posted = entries.filter((entry) => entry.kind === "MESSAGE_POSTED");
  const texts = await messages(viewer, posted.map((entry) => entry.subject_id));
  const messageOf = new Map(posted.map((entry, i) => [entry, texts[i]]));
  const found = Map.groupBy(entries.toReversed(), (entry) => entry.order_id);
  return keys.map((key) => ({
    edges: (found.get(key) ?? []).map((entry) => {
      const message = messageOf.get(entry);
      return { node: message ? { __typename: "Message", ...message } : { __typename: "Activity", ...entry } };
    }),
  }));
}

export async function order(viewer, id) {
  const [found] = await rows(
    "order",
    `SELECT ${ORDER} FROM orders WHERE organization_id = $1 AND id = $2`,
    viewer.organizationId,
    decode(id),
  );
  return found ?? null;
}

export async function orders(viewer, first, after) {
  const [createdAt, id] = after ? JSON.parse(Buffer.from(after, "base64url")) : [];
  const beyond = after ? "AND (created_at, id) < ($3, $4)" : "";
  const found = await rows(
    after ? "orders after" : "orders",
    `SELECT ${ORDER} FROM orders WHERE organization_id = $1 ${beyond}
     ORDER BY created_at DESC, id DESC LIMIT $2`,
    viewer.organizationId,
    first + 1,
    ...(after ? [createdAt, id] : []),
  );
  const page = found.slice(0, first);
  const last = page.at(-1);
  return {
    edges: page.map((node) => ({ node })),
    pageInfo: {
      hasNextPage: found.length > first,
      endCursor: last ? Buffer.from(JSON.stringify([last.createdAt, last.id])).toString("base64url") : null,
    },
  };
}

function one(name, key, text, missing = null) {
  return async (viewer, keys) => {
    const wanted = [...new Set(keys)].filter((each) => each !== null);
    const found = wanted.length ? await rows(name, text, viewer.organizationId, wanted) : [];
    const byKey = new Map(found.map((row) => [row[key], row]));
    return keys.map((each) => byKey.get(each) ?? missing);
  };
}

function many(name, key, text) {
  return async (viewer, keys) => {
    const found = await rows(name, text, viewer.organizationId, [...new Set(keys)]);
    const byKey = Map.groupBy(found, (row) => row[key]);
    return keys.map((each) => byKey.get(each) ?? []);
  };
}

function progress(column, more = "") {
  return one(
    `progress by ${column}`,
    column,
    `SELECT ${column}, count(done_at)::int AS done, count(*)::int AS total FROM checklist_items
     WHERE organization_id = $1 AND ${column} = ANY($2::uuid[]) ${more} GROUP BY ${column}`,
    NOTHING,
  );
}
