/** What the operators' rooms are made of beside the parts: heads, tabs that lead, tables, lists read page by page. */

import { get, Problem } from "../phone/client.js";
import { badge, button, empty, failed, skeleton } from "../phone/parts.js";
import { clock, day, html, icon, nothing, t } from "../phone/view.js";

/** @typedef {{ head: string, cell: unknown, look?: string }} Cell */
/** @typedef {import("./shapes").Case} Case */

export const DASH = "–";
export const SERVICES = ["general", "vip", "tailored", "delivery"];

/** Day and time in Korea. @param {string | null | undefined} instant */
export const when = (instant) => (instant ? `${day(instant)} ${clock(instant)}` : DASH);

/** A day of the calendar, without a time: `2026-12-31`. @param {string | null | undefined} date */
export const date = (date) => (date ? day(`${date}T12:00:00+09:00`) : DASH);

/** @param {string} id @param {string} number */
export const callLink = (id, number) => html`<a class="number" href="/console/calls/${id}">${number}</a>`;

/** @param {string} id @param {string} name */
export const customerLink = (id, name) => html`<a href="/console/customers/${id}">${name}</a>`;

/** @param {string} id @param {string} name */
export const driverLink = (id, name) => html`<a href="/console/drivers/${id}">${name}</a>`;

/** @param {string} href @param {string} text */
export const back = (href, text) => html`<p class="back"><a href=${href}>${icon("arrow-left")}${text}</a></p>`;

/** @param {unknown} title @param {unknown} [end] */
export const head = (title, end = nothing) => html`<div class="head operators-head"><h1>${title}</h1>${end}</div>`;

/** Rooms that belong together. @param {string} label @param {readonly (readonly [string, string])[]} places address and name */
export function roomTabs(label, places) {
  return html`<nav class="tabs" aria-label=${label}>${places.map(
    ([href, text]) => html`<a href=${href} aria-current=${href === location.pathname ? "page" : nothing}>${text}</a>`,
  )}</nav>`;
}

export const customerTabs = () =>
  roomTabs(t("ops.customers"), [
    ["/console/customers", t("ops.customers")],
    ["/console/never-meet", t("ops.never_meet")],
  ]);

export const driverTabs = () =>
  roomTabs(t("ops.drivers"), [
    ["/console/drivers", t("ops.drivers")],
    ["/console/applications", t("ops.applications")],
    ["/console/appeals", t("ops.appeals")],
  ]);

/**
 * A table at width, cards on a phone; the first cell names its row.
 * @param {string} caption @param {readonly (readonly Cell[])[]} rows @param {unknown} [more]
 */
export function grid(caption, rows, more = nothing) {
  const first = rows[0] ?? [];
  return html`<div class="card flush">
    <table class="table" data-arrows>
      <caption class="unseen">${caption}</caption>
      <thead><tr>${first.map(({ head, look = "" }) => html`<th scope="col" class=${look}>${head}</th>`)}</tr></thead>
      <tbody>${rows.map(
        (cells) => html`<tr>${cells.map(({ head, cell, look = "" }, at) => html`<td class="${at ? "" : "key"} ${look}" data-label=${head}><span>${cell}</span></td>`)}</tr>`,
      )}</tbody>
    </table>
    ${more}
  </div>`;
}

/**
 * @template T
 * @typedef {object} Listing
 * @property {T[] | null} items null while the first page is read
 * @property {Problem | null} problem
 * @property {any} about what else the newest page says
 * @property {() => Promise<void>} read from the start
 * @property {(rows: (items: T[]) => unknown, none: unknown) => unknown} draw
 */

/**
 * A list that is read page by page; an answer that another question overtook is dropped.
 * @template T
 * @param {() => string} address with its query, without the cursor
 * @param {() => void} redraw
 * @returns {Listing<T>}
 */
export function listing(address, redraw) {
  let [asked, isBusy, next] = [0, false, /** @type {string | null} */ (null)];
  /** @type {Listing<T>} */
  const list = { items: null, problem: null, about: null, read: () => fetchPage(null), draw };

  /** @param {string | null} cursor */
  async function fetchPage(cursor) {
    const mine = ++asked;
    [isBusy, list.problem] = [true, null];
    redraw();
    try {
      const path = address();
      const found = await get(cursor ? `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}` : path);
      if (mine !== asked) return;
      list.items = cursor ? [...(list.items ?? []), ...found.items] : found.items;
      [next, list.about] = [found.next_cursor ?? null, found];
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (mine !== asked) return;
      list.problem = problem;
    }
    isBusy = false;
    redraw();
  }

  /** @param {(items: T[]) => unknown} rows @param {unknown} none */
  function draw(rows, none) {
    if (list.problem && !list.items) return html`<div class="card">${failed(list.problem, list.read)}</div>`;
    if (!list.items) return html`<div class="card">${skeleton(6)}</div>`;
    if (!list.items.length) return html`<div class="card">${none}</div>`;
    const more = next ? html`<p class="operators-more">${button(t("ops.more"), () => fetchPage(next), { busy: isBusy })}</p>` : nothing;
    return html`<div aria-busy=${isBusy ? "true" : "false"}>
      ${rows(list.items)}${more}
      ${list.problem ? failed(list.problem, () => fetchPage(next)) : nothing}
    </div>`;
  }
  return list;
}

/** What was asked of a list, kept for the way back to it; never in the address, where numbers do not belong. @template {Record<string, string>} T @param {T} asked @returns {T} */
export function remembered(asked) {
  return { ...asked, ...(history.state?.asked ?? {}) };
}

/** @param {Record<string, string>} asked */
export function remember(asked) {
  history.replaceState({ ...history.state, asked }, "");
}

/** Asked at once when typing pauses. @param {() => void} ask @param {number} [pauseMs] */
export function afterTyping(ask, pauseMs = 300) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(ask, pauseMs);
  };
}

/** The search of a list. @param {string} label @param {string} hint @param {string} value @param {(value: string) => void} typed @param {() => void} ask @param {unknown} [more] */
export function searchBar(label, hint, value, typed, ask, more = nothing) {
  const go = (/** @type {Event} */ event) => {
    event.preventDefault();
    ask();
  };
  const heard = (/** @type {Event} */ event) => event.target instanceof HTMLInputElement && typed(event.target.value);
  return html`<form class="search card" role="search" @submit=${go}>
    <div class="field grow">
      <label for="f-q">${label} <kbd>/</kbd></label>
      <input id="f-q" name="q" type="search" .value=${value} autocomplete="off" spellcheck="false" maxlength="40" placeholder=${hint} data-search @input=${heard}>
    </div>
    ${more}
  </form>`;
}

/** @param {string} title @param {string} [glyph] @param {string} [text] */
export const none = (title, glyph = "inbox", text = "") => empty(title, { glyph, text });

/** A part of a page with its name. @param {string} title @param {unknown} content @param {unknown} [end] @param {string} [name] */
export function part(title, content, end = nothing, name = "") {
  return html`<section class="card operators-part" data-part=${name || nothing}><header class="operators-part-head"><h2>${title}</h2>${end}</header>${content}</section>`;
}

/** Nothing of its kind, in one line. @param {string} text */
export const bare = (text) => html`<p class="hint">${text}</p>`;

/** Things with words of their own, under each other. @param {readonly unknown[]} items */
export const entries = (items) => html`<ol class="entries">${items}</ol>`;

/** What stands in one line of an entry: name and value. @param {string} name @param {unknown} value */
export const told = (name, value) => html`<p class="told"><span class="told-name">${name}</span><span>${value}</span></p>`;

/** @param {Pick<Case, "state">} each */
export const caseBadge = (each) => badge(t(`case.state.${each.state}`), each.state === "open" ? "warn" : "quiet");

/**
 * A page about one thing: read, drawn, read again after each deed.
 * @template T
 * @param {HTMLElement} root @param {() => string} address @param {(found: T, again: () => Promise<void>) => unknown} view
 * @param {(content: unknown, root: HTMLElement) => void} render
 */
export async function onePage(root, address, view, render) {
  const again = async () => {
    try {
      render(view(await get(address()), again), root);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      render(html`<div class="card">${failed(problem, again)}</div>`, root);
    }
  };
  await again();
}
