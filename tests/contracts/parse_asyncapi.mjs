// What the AsyncAPI parser finds in a document, a line each; nothing if it is as it should be.
import { Parser, fromFile } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
for (const each of diagnostics) console.log(`${each.path.join("/")}: ${each.message}`);
if (document === undefined) console.log("no document");
