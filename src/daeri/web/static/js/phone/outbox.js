/**
 * Commands that must not be lost: kept in IndexedDB with their idempotency key, sent in the order in which they were
 * given, and sent again after a reload or a tunnel. A refusal is an answer: the command is taken out, and told. No
 * network and faults of the server are tried again, with a growing pause. Never for positions, which are worth nothing
 * when they are late.
 */

import { Problem, me, newKey, send } from "./client.js";
import { page } from "./page.js";
import { t } from "../words.js";

/** @typedef {import("./types").Queued} Queued */
/** @typedef {import("./types").Outcome} Outcome */
/** @typedef {import("./types").OutboxState} OutboxState */

const DATABASE = `daeri-outbox-${page.app}`;
const STORE = "commands";
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** The server remembers a key for a day: what is older might have its effect twice. */
const LONGEST_LIFE_MS = 23 * 3_600_000;

/** @type {OutboxState} */
let state = { pending: [], isStuck: false };
/** @type {Set<(state: OutboxState) => void>} */
const watchers = new Set();
/** @type {Set<(outcome: Outcome) => void>} */
const hearers = new Set();
/** Who of this page waits for an answer, by key. @type {Map<string, { resolve: (answer: any) => void, reject: (problem: Problem) => void }>} */
const waiting = new Map();
/** @type {Promise<IDBDatabase | null> | null} */
let opening = null;
/** What a browser without IndexedDB keeps: as long as the page is open. @type {Queued[]} */
let unkept = [];
let nextUnkept = -1;
let wait = FIRST_WAIT_MS;
let isSending = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let due;

/**
 * Give a command. Resolves with its answer and rejects with its refusal, whenever that comes; it may be long, and after a
 * reload only `onOutcome` tells.
 * @param {string} name what the app calls it
 * @param {string} path @param {unknown} [body]
 * @param {{ method?: string, key?: string }} [how]
 * @returns {Promise<any>}
 */
export async function put(name, path, body, { method = "POST", key = newKey() } = {}) {
  const command = { id: 0, key, method, path, body, made_at: Date.now(), account: me()?.account.id ?? "", name, attempts: 0 };
  const answered = new Promise((resolve, reject) => waiting.set(key, { resolve, reject }));
  await add(command);
  await reread();
  wait = FIRST_WAIT_MS;
  void flush();
  return answered;
}

/** What waits now. */
export function pending() {
  return state.pending;
}

/**
 * Be told what waits: at once, and whenever that changes.
 * @param {(state: OutboxState) => void} watcher
 * @returns {() => void} what stops it
 */
export function watch(watcher) {
  watchers.add(watcher);
  watcher(state);
  return () => watchers.delete(watcher);
}

/**
 * Be told what became of each command, also of those that an earlier page gave.
 * @param {(outcome: Outcome) => void} hearer
 * @returns {() => void} what stops it
 */
export function onOutcome(hearer) {
  hearers.add(hearer);
  return () => hearers.delete(hearer);
}

/** Begin: call once, when somebody has signed in. Sends what an earlier page left. */
export async function startOutbox() {
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", () => document.hidden || wake());
  await reread();
  void flush();
}

function wake() {
  wait = FIRST_WAIT_MS;
  void flush();
}

/** Send what waits, oldest first; one tab at a time where the browser can tell tabs apart. */
async function flush() {
  if (isSending) return;
  isSending = true;
  clearTimeout(due);
  try {
    if (navigator.locks) await navigator.locks.request(DATABASE, sendAll);
    else await sendAll();
  } finally {
    isSending = false;
  }
  // One that was given while the last answer was awaited, or one that has to wait.
  if (state.isStuck) due = setTimeout(() => void flush(), pause());
  else if (state.pending.length > 0 && me()) void flush();
}

function pause() {
  const now = wait * (0.75 + Math.random() / 2);
  wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  return now;
}

async function sendAll() {
  for (;;) {
    await reread();
    const [command] = state.pending;
    if (!command || !me()) return become({ ...state, isStuck: false });
    if (!(await sendOne(command))) return become({ ...state, isStuck: true });
    wait = FIRST_WAIT_MS;
  }
}

/** Whether there was an answer. @param {Queued} command */
async function sendOne(command) {
  if (command.account !== me()?.account.id) {
    await finish(command, null, tooLate(t("phone.outbox.other_account")));
    return true;
  }
  if (Date.now() - command.made_at > LONGEST_LIFE_MS) {
    await finish(command, null, tooLate(t("phone.outbox.too_old")));
    return true;
  }
  try {
    await keep({ ...command, attempts: command.attempts + 1 });
    const answer = await send(command.path, command.body, { key: command.key, method: command.method });
    await finish(command, answer, null);
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    // Signed out: it waits until its own account is here again.
    if (problem.isPassing || problem.status === 401) return false;
    await finish(command, null, problem);
    return true;
  }
}

/** @param {string} detail */
function tooLate(detail) {
  return new Problem({ code: "outbox_dropped", status: 410, detail });
}

/** @param {Queued} command @param {any} answer @param {Problem | null} problem */
async function finish(command, answer, problem) {
  await remove(command);
  await reread();
  const asker = waiting.get(command.key);
  waiting.delete(command.key);
  for (const hearer of hearers) hearer({ command, answer, problem });
  if (problem) asker?.reject(problem);
  else asker?.resolve(answer);
}

/** @param {OutboxState} now */
function become(now) {
  state = now;
  for (const watcher of watchers) watcher(state);
}

async function reread() {
  const pending = await all();
  become({ pending, isStuck: pending.length > 0 && state.isStuck });
}

// --- the rows

/** @returns {Promise<IDBDatabase | null>} */
function database() {
  opening ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opening;
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @param {(rows: Queued[]) => T} without what a browser without IndexedDB does
 * @returns {Promise<T>}
 */
async function withRows(mode, work, without) {
  const opened = await database();
  if (!opened) return without(unkept);
  return new Promise((resolve, reject) => {
    // `strict`: it is on the disk before anybody is told that it is kept.
    const change = opened.transaction(STORE, mode, { durability: mode === "readwrite" ? "strict" : "default" });
    const request = work(change.objectStore(STORE));
    change.oncomplete = () => resolve(request.result);
    change.onerror = change.onabort = () => reject(change.error ?? new Error("the outbox could not be written"));
  });
}

/** @param {Queued} command */
async function add(command) {
  const { id: _unused, ...row } = command;
  await withRows(
    "readwrite",
    (store) => store.add(row),
    (rows) => rows.push({ ...command, id: nextUnkept-- }),
  );
}

/** @param {Queued} command */
async function keep(command) {
  await withRows(
    "readwrite",
    (store) => store.put(command),
    () => command.id,
  );
}

/** @param {Queued} command */
async function remove(command) {
  await withRows(
    "readwrite",
    (store) => store.delete(command.id),
    (rows) => void (unkept = rows.filter((row) => row.key !== command.key)),
  );
}

/** @returns {Promise<Queued[]>} */
function all() {
  return withRows(
    "readonly",
    (store) => /** @type {IDBRequest<Queued[]>} */ (store.getAll()),
    (rows) => [...rows],
  );
}
