// One pool of connections, and statements that are prepared once on each.
import pg from "pg";

// As text, because a JavaScript Date has no microseconds: quicker than parsing and writing one.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => `${text.replace(" ", "T")}:00`);

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 10,
});

export async function rows(name, text, ...values) {
  return (await pool.query({ name, text, values })).rows;
}

export async function transaction(work) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const row = async (name, text, ...values) => (await client.query({ name, text, values })).rows[0];
    const result = await work(row);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}
