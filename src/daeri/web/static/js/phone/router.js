/** Screens by address: links and the browser's way back work, and a reload shows the same screen. */

import { page } from "./page.js";
import { html, nothing, render, t } from "./view.js";

/** @typedef {import("./types").Screen} Screen */
/** @typedef {(params: Record<string, string>) => Screen} Maker */

/** @type {{ pattern: string[], make: Maker }[]} */
let table = [];
/** @type {HTMLElement | null} */
let outlet = null;
/** @type {Maker} */
let missing = () => ({ draw: () => html`<p>${t("phone.missing")}</p>` });
/** @type {Screen | null} */
let screen = null;
let isDue = false;
/** How many screens of ours lie behind this one: whether the browser's way back stays in the app. */
let depth = 0;

/**
 * Show the screen of the present address in `element`, and of every address to come.
 * @param {HTMLElement} element
 * @param {Record<string, Maker>} routes by pattern below the app's base: `""`, `"calls/:id"`
 * @param {Maker} [otherwise] the screen of an address that is no screen
 */
export function start(element, routes, otherwise = missing) {
  outlet = element;
  missing = otherwise;
  table = Object.entries(routes).map(([pattern, make]) => ({ pattern: parts(pattern), make }));
  depth = Number(history.state?.depth ?? 0);
  addEventListener("popstate", () => {
    depth = Number(history.state?.depth ?? 0);
    enter();
  });
  document.addEventListener("click", follow);
  enter();
}

/** @param {string} path */
function parts(path) {
  return path.split("/").filter(Boolean);
}

/** `go("/drive/calls/1")` or `go("calls/1")`. @param {string} path */
export function go(path) {
  if (whole(path) === location.pathname + location.search) return enter();
  depth += 1;
  history.pushState({ depth }, "", whole(path));
  enter();
}

/** Go there without a way back to here. @param {string} path */
export function replace(path) {
  history.replaceState({ depth }, "", whole(path));
  enter();
}

/** Back to where one came from; to `fallback` where the app was opened at this screen. @param {string} [fallback] */
export function back(fallback = page.base) {
  if (depth > 0) history.back();
  else replace(fallback);
}

/** @param {string} path */
function whole(path) {
  return path.startsWith("/") ? path : `${page.base}/${path}`.replace(/\/$/, "");
}

/** Draw the present screen again, once however often it is asked for before the next frame. */
export function redraw() {
  if (isDue || !outlet) return;
  isDue = true;
  const draw = () => {
    if (!isDue) return;
    isDue = false;
    show();
  };
  // A page in the background gets no frames, and its screen should be right when one comes back.
  if (document.hidden) queueMicrotask(draw);
  else requestAnimationFrame(draw);
}

function show() {
  if (!outlet) return;
  render(screen ? screen.draw() : nothing, outlet);
  const title = screen?.title?.();
  document.title = title ? `${title} · daeri` : "daeri";
}

function enter() {
  const { make, params } = find();
  screen?.leave?.();
  screen = make(params);
  isDue = false;
  show();
  scrollTo(0, 0);
  announce();
}

/** @returns {{ make: Maker, params: Record<string, string> }} */
function find() {
  const here = parts(location.pathname.slice(page.base.length)).map(decoded);
  for (const { pattern, make } of table) {
    const params = matched(pattern, here);
    if (params) return { make, params };
  }
  return { make: missing, params: {} };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param {string[]} pattern @param {string[]} here @returns {Record<string, string> | null} */
function matched(pattern, here) {
  if (pattern.length !== here.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  for (const [i, part] of pattern.entries()) {
    const given = here[i] ?? "";
    if (part.startsWith(":")) params[part.slice(1)] = given;
    else if (part !== given) return null;
  }
  return params;
}

/** A screen reader begins at the new screen's heading. */
function announce() {
  const heading = outlet?.querySelector("h1");
  if (!(heading instanceof HTMLElement)) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** A plain click on a link of the app changes the screen and not the page. @param {MouseEvent} event */
function follow(event) {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
  const isOurs = link.pathname === page.base || link.pathname.startsWith(`${page.base}/`);
  if (link.origin !== location.origin || !isOurs) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
