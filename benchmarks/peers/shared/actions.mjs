// The one action: a message and its log entry, in one transaction.
import { MESSAGE } from "./columns.mjs";
import { transaction } from "./database.mjs";
import { decode, uuid7 } from "./ids.mjs";

export async function postMessage(viewer, input) {
  return { message: await transaction((row) => insertMessage(row, viewer, input)) };
}

// `row` executes a statement in the transaction: (name, text, ...values) => its first row.
export async function insertMessage(row, viewer, { orderId, text }) {
  const { organizationId } = viewer;
  const order = decode(orderId);
  const message = await row(
    "insert message",
    `INSERT INTO messages (organization_id, id, order_id, author_id, text, version)
     VALUES ($1, $2, $3, $4, $5, 1) RETURNING ${MESSAGE}`,
    ...[organizationId, uuid7(), order, viewer.id, text],
  );
  const head = await row(
    "next number",
    "UPDATE log_heads SET last_seq = last_seq + 1 WHERE organization_id = $1 RETURNING last_seq",
    organizationId,
  );
  await row(
    "insert entry",
    `INSERT INTO log_entries (organization_id, seq, id, kind, order_id, subject_type, subject_id,
       subject_version, actor_id, audience, params)
     VALUES ($1, $2, $3, 'MESSAGE_POSTED', $4, 'msg', $5, 1, $6, 'STAFF', '{}')`,
    ...[organizationId, head.last_seq, uuid7(), order, message.id, viewer.id],
  );
  return message;
}
