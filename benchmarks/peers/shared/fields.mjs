// Fields that are computed from their row alone, for servers with resolvers.
import { encode } from "./ids.mjs";

const id = (prefix) => ({ id: (row) => encode(prefix, row.id) });

export const fields = {
  Order: {
    ...id("ord"),
    number: (order) => String(order.number).padStart(6, "0"),
    property: (order) => order,
  },
  Person: id("per"),
  OrderService: id("osv"),
  Assignment: id("asg"),
  Checklist: id("chk"),
  ChecklistItem: id("cki"),
  Message: id("msg"),
  Activity: {
    ...id("log"),
    subjectId: (entry) => encode(entry.subject_type, entry.subject_id),
    changes: (entry) => changes(entry.params),
  },
};

export function changes(params) {
  return Object.entries(params.changes ?? {}).map(([field, [before, after]]) => ({
    field: field.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
    before: text(before),
    after: text(after),
  }));
}

function text(value) {
  return value === null ? null : String(value);
}
