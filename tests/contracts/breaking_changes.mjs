// What of an OpenAPI document (the second) breaks a caller of another (the first), a line each.
import { readFileSync } from "node:fs";
import { apiDiff } from "api-smart-diff";

const [before, after] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file)));
// A request that gives a field which the service no longer knows is refused.
const refused = ({ action, path }) => action === "remove" && path.includes("requestBody") && path.at(-2) === "properties";
// Of two ways in which a request is granted, one that is not taken any more breaks nobody.
const granted = (document, path) =>
  Object.keys(document.paths[path[1]]?.[path[2]]?.responses ?? {}).filter((status) => status.startsWith("2"));
const untaken = ({ action, path }) =>
  action === "remove" &&
  path.at(-2) === "responses" &&
  granted(before, path).includes(path.at(-1)) &&
  granted(after, path).some((status) => granted(before, path).includes(status));
// What only answers have may have more: whoever reads them passes over what they do not know.
const asked = new Set();
const follow = (part) => {
  for (const [name, value] of Object.entries(part ?? {})) {
    if (name === "$ref" && !asked.has(value)) {
      asked.add(value);
      follow(value.split("/").slice(1).reduce((found, step) => found?.[step], after));
    } else if (typeof value === "object") follow(value);
  }
};
for (const operation of Object.values(after.paths).flatMap(Object.values)) follow([operation.requestBody, operation.parameters]);
const more = ({ action, path }) =>
  action === "add" && path[1] === "schemas" && path.length > 3 && !asked.has(`#/${path.slice(0, 3).join("/")}`);

for (const each of apiDiff(before, after)) {
  if ((each.type === "breaking" && !untaken(each) && !more(each)) || refused(each)) console.log(`${each.action} ${each.path.join("/")}`);
}
