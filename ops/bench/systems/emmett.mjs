// Appends a second, by so many loops at once; what to do is read from standard input. See emmett.py.
import { readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import pg from "pg";
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql";

const asked = JSON.parse(readFileSync(0, "utf8"));
const { host, port, user, dbname } = asked.place;
const pool = new pg.Pool({ host, port, user, database: dbname, max: asked.clients });
const address = `postgresql://${user}@/${dbname}?host=${encodeURIComponent(host)}&port=${port}`;
const store = getPostgreSQLEventStore(address, { connectionOptions: { pool } });
await store.schema.migrate();

const append = () =>
  store.appendToStream(
    `sheet-${randomUUID()}`,
    [{ type: asked.type, data: asked.data, metadata: asked.metadata }],
    { expectedStreamVersion: "STREAM_DOES_NOT_EXIST" },
  );

const all = (work) => Promise.all(Array.from({ length: asked.clients }, work));
await all(async () => {
  for (let n = 0; n < asked.warm; n++) await append();
});

const began = performance.now();
let done = 0;
await all(async () => {
  while (performance.now() < began + 1000 * asked.seconds) {
    await append();
    done++;
  }
});
process.stdout.write(String(done / ((performance.now() - began) / 1000)));
process.exit(0);
