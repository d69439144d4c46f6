// What of an OpenAPI document (the second) breaks a caller of another (the first), a line each.
import { readFileSync } from "node:fs";
import { apiDiff } from "api-smart-diff";

const [before, after] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file)));
// A request that gives a field which the service no longer knows is refused.
const refused = ({ action, path }) => action === "remove" && path.includes("requestBody") && path.at(-2) === "properties";

for (const each of apiDiff(before, after)) {
  if (each.type === "breaking" || refused(each)) console.log(`${each.action} ${each.path.join("/")}`);
}
