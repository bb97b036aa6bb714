// The columns of each table, under the names they have in the API.
export const PERSON = `p.id, p.version, p.name, p.email, p.phone, p.permission,
  p.job_roles AS "jobRoles"`;
export const ORDER = `id, version, number, name, status, payment_status AS "paymentStatus",
  created_at AS "createdAt", updated_at AS "updatedAt", due_at AS "dueAt", notes,
  customer_id AS "customerId", property_street AS street, property_unit AS unit,
  property_city AS city, property_region AS region, property_postal_code AS "postalCode",
  property_country AS country, property_entry_notes AS "entryNotes"`;
export const SERVICE = "id, order_id, version, name, status, position, notes";
export const CHECKLIST = "id, order_id, order_service_id, version, title, position";
export const ITEM = `id, checklist_id, version, text, position, done_at AS "doneAt",
  done_by_id AS "doneById"`;
export const ASSIGNMENT = `id, order_id, role, person_id AS "personId"`;
export const MESSAGE = `id, order_id, version, CASE WHEN deleted_at IS NULL THEN text END AS text,
  created_at AS "createdAt", edited_at AS "editedAt", author_id AS "authorId"`;
export const ENTRY = `id, order_id, kind, at, subject_type, subject_id, actor_id AS "actorId",
  params`;
