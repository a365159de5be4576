/** What staff do on the page of a call: change its status, write memos, calculate a fare. */

import { get, newKey, Problem, send, session } from "../phone/client.js";
import { area, badge, button, empty, failed, field, notice, select } from "../phone/parts.js";
import { toast } from "../phone/sheet.js";
import { clock, day, html, km, minutes, nothing, render, t, won } from "../phone/view.js";
import { one } from "../words.js";
import { act } from "./deeds.js";
import { SERVICES } from "./pieces.js";
import { placeField } from "./place_field.js";

/** @typedef {import("./place_field.js").Place} Place */
/** @typedef {{ id: string, call_id: string, number: string, author: { name: string }, at: string, text: string, links: { call_id: string, number: string }[] }} Memo */
/** @typedef {{ id: string, by: { name: string }, at: string, origin: Place, vias: Place[], destination: Place, service: string, amount: number, distance_m: number, duration_s: number, exact: boolean, lines: { kind: string, amount: number }[] }} Calculation */
/** @typedef {{ id: string, name: string, phone: string, status: string, duty: string }} DriverRow */

const DANGEROUS = ["cancel", "release"];
const root = one("#call-tools");
const id = root.dataset["subject"] ?? "";

/** @type {{ moves: string[], memos: Memo[], kept: Calculation[], problem: Problem | null }} */
const known = { moves: [], memos: [], kept: [], problem: null };
const memo = { text: "", links: "", wrong: "", isBusy: false, key: newKey() };
const trip = {
  origin: placeOf(root.dataset["origin"]),
  destination: placeOf(root.dataset["destination"]),
  vias: (root.dataset["vias"] ?? "").split(";").filter(Boolean).map(placeOf),
  service: root.dataset["service"] ?? "general",
  wrong: "",
  isBusy: false,
};

/** `lat,lon,name`. @param {string | undefined} text @returns {Place} */
function placeOf(text) {
  const [lat, lon, ...name] = (text ?? "").split(",");
  return { lat: Number(lat), lon: Number(lon), name: name.join(",") };
}

async function read() {
  try {
    const [call, memos, kept] = await Promise.all([
      get(`/console/calls/${id}`),
      get(`/console/calls/${id}/memos`),
      get(`/console/calls/${id}/fare-calculations`),
    ]);
    Object.assign(known, { moves: call.moves ?? [], memos: memos.items, kept: kept.items, problem: null });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    known.problem = problem;
  }
  draw();
}

function draw() {
  if (known.problem) {
    render(failed(known.problem, read), root);
    return;
  }
  render(html`${statusCard()} ${memoCard()} ${calculatorCard()}`, root);
}

// --- status

function statusCard() {
  return html`<section class="card"><h2>${t("ops.status.title")}</h2>
    ${known.moves.length
      ? html`<div class="tools-row">${known.moves.map((move) => button(t(`ops.move.${move}`), () => change(move), { kind: DANGEROUS.includes(move) ? "danger" : "plain" }))}</div>`
      : html`<p class="hint">${t("ops.status.none")}</p>`}
  </section>`;
}

/** @param {string} move */
async function change(move) {
  /** @type {{ driver: string, q: string, found: DriverRow[], isAsked: boolean }} */
  const chosen = { driver: "", q: "", found: [], isAsked: false };
  /** @param {() => void} redraw */
  const look = async (redraw) => {
    const { items } = await get(`/console/drivers?status=approved&q=${encodeURIComponent(chosen.q.trim())}`);
    chosen.found = items.filter((/** @type {DriverRow} */ each) => each.duty === "on").slice(0, 20);
    chosen.isAsked = true;
    redraw();
  };
  /** @param {() => void} redraw */
  const picker = (redraw) => {
    if (!chosen.isAsked) void look(redraw);
    const options = [{ value: "", label: t("ops.assign.choose") }, ...chosen.found.map((each) => ({ value: each.id, label: `${each.name} · ${each.phone}` }))];
    return html`${field("driver-q", t("ops.assign.search"), chosen.q, (value) => {
        chosen.q = value;
        void look(redraw);
      }, { type: "search", inputmode: "search" })}
      ${select("driver", t("ops.assign.driver"), options, chosen.driver, (value) => {
        chosen.driver = value;
        redraw();
      })}
      ${chosen.isAsked && !chosen.found.length ? notice(t("ops.assign.nobody"), "warn") : nothing}`;
  };
  const isAssign = move === "assign";
  const done = await act({
    title: t(`ops.move.${move}`),
    text: t(`ops.move_text.${move}`),
    yes: t(`ops.move.${move}`),
    danger: DANGEROUS.includes(move),
    path: `/console/calls/${id}/status`,
    body: (reason) => (isAssign ? { move, reason, driver_id: chosen.driver } : { move, reason }),
    ...(isAssign ? { more: picker, isReady: () => Boolean(chosen.driver) } : {}),
  });
  if (done) await read();
}

// --- memos

function memoCard() {
  const typed = (/** @type {string} */ value) => {
    memo.text = value;
    draw();
  };
  return html`<section class="card"><h2>${t("ops.memo.title")}</h2>
    ${known.memos.length ? html`<ol class="memos">${known.memos.map(memoLine)}</ol>` : empty(t("ops.memo.none"), { glyph: "file-text" })}
    <form @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      void writeMemo();
    }}>
      ${area("memo", t("ops.memo.text"), memo.text, typed, { maxlength: 4000, rows: 2 })}
      ${field("memo-links", t("ops.memo.links"), memo.links, (value) => (memo.links = value), { hint: t("ops.memo.links.hint") })}
      ${memo.wrong ? notice(memo.wrong, "bad") : nothing}
      ${button(t("ops.memo.write"), writeMemo, { kind: "primary", submit: true, busy: memo.isBusy, disabled: !memo.text.trim() })}
    </form></section>`;
}

/** @param {Memo} each */
function memoLine(each) {
  return html`<li><p>${each.text}</p>
    <p class="hint">${each.author.name} · ${day(each.at)} ${clock(each.at)}
      ${each.call_id === id ? nothing : html` · ${t("ops.memo.from")} <a class="number" href="/console/calls/${each.call_id}">${each.number}</a>`}
      ${each.links.map((link) => html` · <a class="number" href="/console/calls/${link.call_id}">${link.number}</a>`)}</p></li>`;
}

async function writeMemo() {
  Object.assign(memo, { isBusy: true, wrong: "" });
  draw();
  try {
    const links = memo.links.split(/[\s,]+/).filter(Boolean);
    await send(`/console/calls/${id}/memos`, { text: memo.text.trim(), links }, { key: memo.key });
    Object.assign(memo, { text: "", links: "", key: newKey() });
    toast(t("ops.done"), "good");
    await read();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    memo.wrong = problem.detail;
    if (!problem.isPassing) memo.key = newKey();
  }
  memo.isBusy = false;
  draw();
}

// --- the fare calculator

function calculatorCard() {
  return html`<section class="card"><h2>${t("ops.fare.title")}</h2>
    <form @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      void calculate();
    }}>
      ${placeField("fare-origin", t("ops.fare.origin"), trip.origin, (place) => (trip.origin = place), draw)}
      ${trip.vias.map((via, i) => html`<div class="via-line">
        ${placeField(`fare-via-${i}`, t("ops.fare.via", { n: i + 1 }), via, (place) => (trip.vias[i] = place), draw)}
        ${button(t("ops.fare.via.remove"), () => {
          trip.vias.splice(i, 1);
          draw();
        }, { kind: "quiet", glyph: "x" })}
      </div>`)}
      ${placeField("fare-destination", t("ops.fare.destination"), trip.destination, (place) => (trip.destination = place), draw)}
      <div class="tools-row">
        ${button(t("ops.fare.via.add"), () => {
          trip.vias.push({ ...trip.destination });
          draw();
        }, { kind: "quiet", glyph: "plus" })}
      </div>
      ${select("fare-service", t("ops.policy.service"), SERVICES.map((value) => ({ value, label: t(`call.service.${value}`) })), trip.service, (value) => {
        trip.service = value;
        draw();
      })}
      ${trip.wrong ? notice(trip.wrong, "bad") : nothing}
      ${button(t("ops.fare.calculate"), calculate, { kind: "primary", submit: true, busy: trip.isBusy, glyph: "calculator" })}
    </form>
    ${known.kept.map(calculation)}</section>`;
}

async function calculate() {
  Object.assign(trip, { isBusy: true, wrong: "" });
  draw();
  try {
    const { origin, destination, vias, service } = trip;
    await send(`/console/calls/${id}/fare-calculations`, { origin, destination, vias, service });
    await read();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    trip.wrong = problem.detail;
  }
  trip.isBusy = false;
  draw();
}

/** @param {Calculation} kept */
function calculation(kept) {
  const stops = [kept.origin, ...kept.vias, kept.destination].map((place) => place.name || `${place.lat.toFixed(4)}, ${place.lon.toFixed(4)}`);
  return html`<details class="record"><summary><strong>${won(kept.amount)}</strong> ${badge(t(`call.service.${kept.service}`))}
      <span>${km(kept.distance_m)} · ${minutes(kept.duration_s)}</span>
      <span class="record-who">${kept.by.name} · ${day(kept.at)} ${clock(kept.at)}</span></summary>
    <p>${stops.join(" → ")}${kept.exact ? "" : ` · ${t("ops.fare.estimated")}`}</p>
    <dl class="lines">${kept.lines.map((line) => html`<div><dt>${t(`ops.line.${line.kind}`)}</dt><dd>${won(line.amount)}</dd></div>`)}</dl></details>`;
}

// The call's own part of the page is drawn anew when the call changes: then its legal moves are others.
one("[data-call]").addEventListener("refresh", () => void read());
await session();
await read();
