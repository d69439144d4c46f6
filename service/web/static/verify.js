// Checks that an entry is in the signed log: receipt, tile and keys are fetched, all else is computed here.
// Formats: C2SP tlog-proof, tlog-tiles, signed-note; RFC 9162 (hashes of the tree), RFC 8032 (Ed25519).

const form = document.getElementById("verify");
const outcome = document.getElementById("outcome");
const TILE = 256;

const bytesOf = (base64) => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
const base64Of = (bytes) => btoa(String.fromCharCode(...bytes));
const same = (one, other) => one.length === other.length && one.every((each, n) => each === other[n]);
const joined = (...parts) => Uint8Array.from(parts.flatMap((each) => [...each]));
const hashed = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const leafOf = (entry) => hashed([0], entry);
const nodeOf = (left, right) => hashed([1], left, right);

/** What does not hold; `message` names the text that says so. */
class Fault extends Error {}

/** Why nothing could be checked, which is no fault of the entry; `message` names the text that says so. */
class Unable extends Error {}

/** The bytes that an address answers, or null if there is nothing. */
async function fetched(address) {
  const answer = await fetch(address, { credentials: "omit" }).catch(() => { throw new Unable("noAnswer"); });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Unable("noAnswer");
  return new Uint8Array(await answer.arrayBuffer().catch(() => { throw new Unable("noAnswer"); }));
}

const textOf = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

function readReceipt(text) {
  const [head, ...rest] = text.split("\n\n");
  const lines = head.split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Fault("malformed");
  const extra = lines.shift().match(/^extra (\S+)$/);
  const index = lines.shift().match(/^index (0|[1-9][0-9]*)$/);
  if (!extra || !index) throw new Fault("malformed");
  return { entry: bytesOf(extra[1]), index: Number(index[1]), hashes: lines.map(bytesOf), note: rest.join("\n\n") };
}

function readNote(note) {
  const end = note.indexOf("\n\n");
  const text = note.slice(0, end + 1);
  const [origin, size, root] = text.split("\n");
  const signatures = note.slice(end + 2).split("\n").filter(Boolean).map((line) => {
    const [, name, value] = line.match(/^\u2014 (\S+) (\S+)$/) ?? [];
    if (!name) throw new Fault("malformed");
    return { name, bytes: bytesOf(value) };
  });
  return { text, origin, size: Number(size), root: bytesOf(root), signatures };
}

/** The root to which a leaf and its proof lead (RFC 9162 2.1.3.2). */
async function rootFrom(leaf, index, size, hashes) {
  if (index >= size) throw new Fault("proof");
  let [node, last, found] = [BigInt(index), BigInt(size - 1), leaf];
  for (const each of hashes) {
    if (last === 0n) throw new Fault("proof");
    if (node & 1n || node === last) {
      found = await nodeOf(each, found);
      while (!(node & 1n) && node !== 0n) { node >>= 1n; last >>= 1n; }
    } else {
      found = await nodeOf(found, each);
    }
    node >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) throw new Fault("proof");
  return found;
}

/** Whether one of the log's keys signed the checkpoint. */
async function signedBy(checkpoint, keys) {
  for (const key of keys) {
    const [, name, id, value] = key.match(/^(.+)\+([0-9a-f]{8})\+(\S+)$/);
    const signature = checkpoint.signatures.find(
      (each) => each.name === name && [...each.bytes.slice(0, 4)].map((b) => b.toString(16).padStart(2, "0")).join("") === id,
    );
    if (!signature || name !== checkpoint.origin) continue;
    const bytes = bytesOf(value);
    if (bytes[0] !== 1) continue;
    const imported = await crypto.subtle.importKey("raw", bytes.slice(1), "Ed25519", false, ["verify"]).catch((error) => {
      throw error.name === "NotSupportedError" ? new Unable("noCrypto") : error;
    });
    const text = new TextEncoder().encode(checkpoint.text);
    if (await crypto.subtle.verify("Ed25519", imported, signature.bytes.slice(4), text)) return true;
  }
  return false;
}

/** The entry as the tree's tile has it. */
async function entryInTile(index, size) {
  const tile = Math.floor(index / TILE);
  const parts = String(tile).padStart(Math.ceil(String(tile).length / 3) * 3, "0").match(/.{3}/g);
  const path = parts.map((each, n) => (n < parts.length - 1 ? `x${each}` : each)).join("/");
  const width = Math.min(TILE, size - tile * TILE);
  const bytes = await fetched(`/v1/ledger/tile/entries/${path}${width < TILE ? `.p/${width}` : ""}`);
  if (!bytes) throw new Fault("tile");
  let at = 0;
  for (let n = tile * TILE; at < bytes.length; n += 1) {
    const length = (bytes[at] << 8) | bytes[at + 1];
    if (n === index) return bytes.slice(at + 2, at + 2 + length);
    at += 2 + length;
  }
  throw new Fault("tile");
}

function positionOf(entry) {
  return new DataView(entry.buffer, entry.byteOffset).getBigUint64(1);
}

/** `key`: of a text beside the form; `-x` in its attribute's name is `X` here. */
function say(key, values = {}) {
  const name = key.replace(/-(\w)/g, (_all, letter) => letter.toUpperCase());
  return form.dataset[name].replace(/\{(\w+)\}/g, (_all, name) => values[name]);
}

function tell(steps, verdict, className) {
  const list = document.createElement("ol");
  for (const step of steps) list.append(Object.assign(document.createElement("li"), { textContent: step }));
  const last = Object.assign(document.createElement("p"), { textContent: verdict, className });
  outcome.replaceChildren(list, last);
}

/** The public keys of the log, as verifier keys of signed notes. */
async function keysOfLog() {
  const answer = await fetched("/v1/ledger/log");
  if (!answer) throw new Unable("noAnswer");
  return JSON.parse(textOf(answer)).keys;
}

/** The verdict on a position: which text says it, with which values. What is shown of it is added to `steps`. */
async function verdictOn(position, steps) {
  try {
    if (!globalThis.crypto?.subtle) throw new Unable("noCrypto");
    const answer = await fetched(`/v1/ledger/receipts/${position}`);
    if (!answer) return ["notYet", { position }];
    const receipt = readReceipt(textOf(answer));
    const checkpoint = readNote(receipt.note);
    if (receipt.index !== position - 1 || positionOf(receipt.entry) !== BigInt(position)) {
      throw new Fault("position");
    }
    if (!same(await entryInTile(receipt.index, checkpoint.size), receipt.entry)) {
      throw new Fault("entry");
    }
    const leaf = await leafOf(receipt.entry);
    steps.push(say("leaf", { position, hash: base64Of(leaf) }));
    const root = await rootFrom(leaf, receipt.index, checkpoint.size, receipt.hashes);
    if (!same(root, checkpoint.root)) throw new Fault("proof");
    steps.push(say("root", { hash: base64Of(root), size: checkpoint.size }));
    if (!(await signedBy(checkpoint, await keysOfLog()))) throw new Fault("key");
    steps.push(say("signed", { origin: checkpoint.origin }));
    return ["good", {}];
  } catch (error) {
    if (error instanceof Unable) return ["unable", { why: say(error.message) }];
    // Whatever cannot be read as the formats have it was changed, too.
    return ["bad", { why: say(`fault-${error instanceof Fault ? error.message : "malformed"}`) }];
  }
}

const CLASSES = { good: "good", bad: "bad" };
let asked = 0;

async function check(position) {
  const own = (asked += 1);
  tell([], say("working"), "faint");
  const steps = [];
  const [verdict, values] = await verdictOn(position, steps);
  if (own === asked) tell(steps, say(verdict, values), CLASSES[verdict] ?? "notice");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const position = Number(form.elements.position.value);
  history.replaceState(null, "", `?position=${position}`);
  check(position);
});
if (form.elements.position.value) check(Number(form.elements.position.value));
