/** The API as the apps speak it: the app's own cookie, the token of its commands, refusals as `Problem`. */

import { t } from "../words.js";
import { page } from "./page.js";

/** @typedef {import("./types").Session} Session */
/** @typedef {import("./types").ProblemBody} ProblemBody */
/** @typedef {import("./types").Challenge} Challenge */

const LONGEST_WAIT_MS = 20_000;
const KEPT = `daeri-session-${page.app}`;
const COMPANY = "daeri.company";

/** A refusal, or that nobody answered: `status` 0 and code `offline`. `detail` is a sentence for a person. */
export class Problem extends Error {
  /** @param {{ code: string, status: number, detail: string, facts?: Record<string, any> }} body */
  constructor({ code, status, detail, facts = {} }) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.facts = facts;
  }

  /** Whether it is worth trying again: nobody answered, or the answer was no decision. */
  get isPassing() {
    return this.status === 0 || this.status >= 500 || this.status === 429 || this.code === "in_progress";
  }
}

/** @type {Session | null} */
let known = null;
/** @type {Set<() => void>} */
const signedOutListeners = new Set();

/** A key that no other command has. */
export function newKey() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Read. Raises Problem.
 * @param {string} path below /api/v1, with its query
 * @returns {Promise<any>}
 */
export function get(path) {
  return ask(path, { method: "GET" });
}

/**
 * Command. A Blob is sent as it is, anything else as JSON. Sent again with the same key, it has one effect.
 * @param {string} path
 * @param {unknown} [body]
 * @param {{ key?: string | undefined, method?: string | undefined }} [how]
 * @returns {Promise<any>}
 */
export async function send(path, body, { key = newKey(), method = "POST" } = {}) {
  try {
    return await ask(path, commandInit(body, key, method));
  } catch (problem) {
    // Another tab signed in anew, and with it came another token: this one's is read again, once.
    if (!(problem instanceof Problem) || problem.code !== "csrf_wrong") throw problem;
    await session();
    return ask(path, commandInit(body, key, method));
  }
}

/** @param {unknown} body @param {string} key @param {string} method @returns {RequestInit} */
function commandInit(body, key, method) {
  /** @type {Record<string, string>} */
  const headers = { "Idempotency-Key": key };
  if (known?.csrf) headers["X-CSRFToken"] = known.csrf;
  if (body === undefined) return { method, headers };
  if (body instanceof Blob) return { method, headers: { ...headers, "Content-Type": body.type }, body };
  return { method, headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/**
 * Any request of the API.
 * @param {string} path @param {RequestInit} init
 * @returns {Promise<any>}
 */
async function ask(path, init) {
  const headers = { ...init.headers, "X-Daeri-App": page.app, "Accept-Language": page.lang };
  const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
  let answer;
  try {
    answer = await fetch(page.api + path, { ...init, headers, signal, cache: "no-store" });
  } catch {
    throw new Problem({ code: "offline", status: 0, detail: t("phone.offline.detail") });
  }
  const text = await answer.text().catch(() => "");
  const body = parsed(text);
  if (answer.ok) return body;
  const problem = problemOf(answer.status, body);
  if (problem.code === "signed_out") endSession();
  throw problem;
}

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** @param {number} status @param {Partial<ProblemBody> | null} body */
function problemOf(status, body) {
  const detail = body?.detail ?? t("phone.failed.detail");
  return new Problem({ code: body?.code ?? "internal", status, detail, facts: body?.facts ?? {} });
}

// --- who is signed in

/** Who is signed in, as far as this page knows. */
export function me() {
  return known;
}

/**
 * Ask who is signed in. Without a network: who was, when this browser last knew. Raises Problem `signed_out`.
 * @returns {Promise<Session>}
 */
export async function session() {
  try {
    return keep(await get("/session"));
  } catch (problem) {
    const last = problem instanceof Problem && problem.isPassing ? remembered() : null;
    if (!last) throw problem;
    known = last;
    return last;
  }
}

/** @param {Session} found */
function keep(found) {
  known = found;
  store(KEPT, JSON.stringify(found));
  return found;
}

/** @returns {Session | null} */
function remembered() {
  const text = read(KEPT);
  return text ? parsed(text) : null;
}

/**
 * Be told when the session is over.
 * @param {() => void} listener
 * @returns {() => void} what stops it
 */
export function onSignedOut(listener) {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

function endSession() {
  const wasKnown = known !== null;
  known = null;
  store(KEPT, null);
  if (wasKnown) for (const listener of signedOutListeners) listener();
}

/**
 * Have a one-time code sent to this number.
 * @param {string} phone as typed
 * @returns {Promise<Challenge>}
 */
export function askForCode(phone) {
  return post("/auth/codes", { phone, role: page.app, company: company() });
}

/**
 * Sign in with the code.
 * @param {string} challengeId @param {string} code
 * @returns {Promise<Session>}
 */
export async function answerCode(challengeId, code) {
  const answer = await post("/auth/sessions", { challenge_id: challengeId, code });
  return keep({ account: answer.account, csrf: answer.csrf, language: page.lang });
}

/** End the session here; without a network it is ended on this telephone at least. */
export async function signOut() {
  try {
    await send("/auth/sessions/current", undefined, { method: "DELETE" });
  } finally {
    endSession();
  }
}

/** @param {string} path @param {unknown} body */
function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** The company's short name, where the program has several: out of the address the app was opened by. */
function company() {
  const named = new URLSearchParams(location.search).get("company");
  if (named) store(COMPANY, named);
  return named ?? read(COMPANY);
}

/** @param {string} name */
function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing
  }
}

/** @param {string} name @param {string | null} value */
function store(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing: the app works as long as it is open.
  }
}
