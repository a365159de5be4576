/**
 * The apps' service worker: the shell and its files are kept for when there is no network; the API and the streams are
 * never touched. The server puts `SHELL` in front of this file: which app it serves, and which files that app is made of.
 */

/* global SHELL */
/** @typedef {{ app: string, base: string, digest: string, files: string[] }} Shell */

const worker = /** @type {any} */ (self);
const shell = /** @type {Shell} */ (worker.SHELL);
const PREFIX = `daeri-${shell.app}-`;
const CACHE = PREFIX + shell.digest;
/** A page of another kind at an address of the app's: it needs the network, and is nobody's shell. */
const APART = "/app/card-window";
/** A network that answers slower than this is worse than what is kept. */
const PATIENCE_MS = 4_000;

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(install()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || url.pathname === APART) return;
  if (request.mode === "navigate" && (url.pathname === shell.base || url.pathname.startsWith(`${shell.base}/`))) {
    event.respondWith(page(request));
  } else if (url.pathname.startsWith("/static/")) {
    event.respondWith(file(request));
  }
});

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...shell.files, shell.base]);
  await worker.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** The shell as the server has it now; as it was last, where the server does not answer in time. @param {Request} request */
async function page(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok && !answer.redirected) await cache.put(shell.base, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(shell.base);
    if (kept) return kept;
    throw error;
  }
}

/** Addresses hold the digest of what they give: what is kept is right. @param {Request} request */
async function file(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).pathname.startsWith(`/static/${shell.digest}/`)) await cache.put(request, answer.clone());
  return answer;
}
