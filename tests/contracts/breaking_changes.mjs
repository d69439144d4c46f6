// What of an OpenAPI document (the second) breaks a caller of another (the first), a line each.
import { readFileSync } from "node:fs";
import { apiDiff } from "api-smart-diff";

const [before, after] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file)));
for (const each of apiDiff(before, after)) {
  if (each.type === "breaking") console.log(`${each.action} ${each.path.join("/")}`);
}
