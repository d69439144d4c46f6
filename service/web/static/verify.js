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

class Fault extends Error {}

async function fetched(address) {
  const answer = await fetch(address, { credentials: "omit" });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Fault(`${address}: ${answer.status}`);
  return answer;
}

function readReceipt(text) {
  const [head, ...rest] = text.split("\n\n");
  const lines = head.split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Fault("the receipt is not a tlog-proof");
  const extra = lines.shift().match(/^extra (\S+)$/);
  const index = lines.shift().match(/^index (0|[1-9][0-9]*)$/);
  if (!extra || !index) throw new Fault("the receipt has no entry or no index");
  return { entry: bytesOf(extra[1]), index: Number(index[1]), hashes: lines.map(bytesOf), note: rest.join("\n\n") };
}

function readNote(note) {
  const end = note.indexOf("\n\n");
  const text = note.slice(0, end + 1);
  const [origin, size, root] = text.split("\n");
  const signatures = note.slice(end + 2).split("\n").filter(Boolean).map((line) => {
    const [, name, value] = line.match(/^\u2014 (\S+) (\S+)$/) ?? [];
    if (!name) throw new Fault("a signature of the checkpoint is malformed");
    return { name, bytes: bytesOf(value) };
  });
  return { text, origin, size: Number(size), root: bytesOf(root), signatures };
}

/** The root to which a leaf and its proof lead (RFC 9162 2.1.3.2). */
async function rootFrom(leaf, index, size, hashes) {
  if (index >= size) throw new Fault("the log is smaller than the position");
  let [node, last, found] = [BigInt(index), BigInt(size - 1), leaf];
  for (const each of hashes) {
    if (last === 0n) throw new Fault("the proof is too long");
    if (node & 1n || node === last) {
      found = await nodeOf(each, found);
      while (!(node & 1n) && node !== 0n) { node >>= 1n; last >>= 1n; }
    } else {
      found = await nodeOf(found, each);
    }
    node >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) throw new Fault("the proof is too short");
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
    const imported = await crypto.subtle.importKey("raw", bytes.slice(1), "Ed25519", false, ["verify"]);
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
  const answer = await fetched(`/v1/ledger/tile/entries/${path}${width < TILE ? `.p/${width}` : ""}`);
  if (!answer) throw new Fault("the tile of the entry is not there");
  const bytes = new Uint8Array(await answer.arrayBuffer());
  let at = 0;
  for (let n = tile * TILE; at < bytes.length; n += 1) {
    const length = (bytes[at] << 8) | bytes[at + 1];
    if (n === index) return bytes.slice(at + 2, at + 2 + length);
    at += 2 + length;
  }
  throw new Fault("the tile ends before the entry");
}

function positionOf(entry) {
  return new DataView(entry.buffer, entry.byteOffset).getBigUint64(1);
}

function say(key, values = {}) {
  return form.dataset[key].replace(/\{(\w+)\}/g, (_all, name) => values[name]);
}

function tell(steps, verdict, className) {
  const list = document.createElement("ol");
  for (const step of steps) list.append(Object.assign(document.createElement("li"), { textContent: step }));
  const last = Object.assign(document.createElement("p"), { textContent: verdict, className });
  outcome.replaceChildren(list, last);
}

async function check(position) {
  const steps = [];
  tell(steps, say("working"), "faint");
  try {
    const answer = await fetched(`/v1/ledger/receipts/${position}`);
    if (!answer) return tell(steps, say("notYet", { position }), "bad");
    const receipt = readReceipt(await answer.text());
    const checkpoint = readNote(receipt.note);
    if (receipt.index !== position - 1 || positionOf(receipt.entry) !== BigInt(position)) {
      throw new Fault("the receipt is of another position");
    }
    if (!same(await entryInTile(receipt.index, checkpoint.size), receipt.entry)) {
      throw new Fault("the log has another entry at this position than the receipt");
    }
    const leaf = await leafOf(receipt.entry);
    steps.push(say("leaf", { position, hash: base64Of(leaf) }));
    const root = await rootFrom(leaf, receipt.index, checkpoint.size, receipt.hashes);
    if (!same(root, checkpoint.root)) throw new Fault("the proof leads to another root than the checkpoint names");
    steps.push(say("root", { hash: base64Of(root), size: checkpoint.size }));
    const { keys } = await (await fetched("/v1/ledger/log")).json();
    if (!(await signedBy(checkpoint, keys))) throw new Fault("no key of the log signed the checkpoint");
    steps.push(say("signed", { origin: checkpoint.origin }));
    return tell(steps, say("good"), "good");
  } catch (error) {
    return tell(steps, say("bad", { why: error.message }), "bad");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const position = Number(form.elements.position.value);
  history.replaceState(null, "", `?position=${position}`);
  check(position);
});
if (form.elements.position.value) check(Number(form.elements.position.value));
