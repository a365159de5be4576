/** Home: where to? A call that runs is shown before everything else. */

import { clock, day, html, icon, nothing, repeat, t } from "../phone/view.js";
import { go } from "../phone/router.js";
import { badge, nameOf, shortWay } from "./bits.js";
import { emptyDraft, nextEmpty, withPlace } from "./draft.js";
import { look } from "./here.js";
import { owedBar } from "./paying.js";
import { recentPlaces, running } from "./states.js";
import { changeDraft, state } from "./store.js";

/** @typedef {import("./types").Place} Place */

const RECENT = 4;

/** @returns {import("./types").Screen} */
export function homeScreen() {
  return {
    title: () => t("app.home.title"),
    hasMap: true,
    hasTabs: true,
    scene: () => ({ here: state.here, places: state.draft.origin ? [{ place: state.draft.origin, kind: "origin" }] : [], frame: `home-${state.draft.origin?.lat}` }),
    draw: () => html`
      <h1 class="unseen" tabindex="-1">${t("app.home.title")}</h1>
      ${owedBar()} ${notice()} ${restricted()} ${runningCalls()}
      <section class="stack" aria-label=${t("app.home.where")}>
        ${origin()}
        <a class="where" href="/app/search/destination" data-where>${icon("search")}<span>${t("app.home.where")}</span></a>
        ${favourites()} ${recents()}
      </section>
    `,
  };
}

function notice() {
  const [newest] = state.notices;
  if (!newest) return nothing;
  return html`<a class="notice-bar" href="/app/notices">${icon("bell")}<span>${newest.title}</span>${icon("chevron-right")}</a>`;
}

function restricted() {
  const until = state.cancellations?.restricted_until;
  if (!until) return nothing;
  return html`<a class="notice-bar" data-kind="bad" href="/app/cancellations">${icon("ban")}<span>${t("app.restricted.bar", { day: day(until), clock: clock(until) })}</span>${icon("chevron-right")}</a>`;
}

function runningCalls() {
  const calls = running(state.known);
  if (!calls.length) return nothing;
  return html`<section aria-label=${t("app.home.running")}>
    <ul class="running">
      ${repeat(
        calls,
        (call) => call.id,
        (call) => html`<li>
          <a class="running-card" data-running=${call.id} data-state=${call.state} href=${`/app/calls/${call.id}`}>
            <span class="row-main"><strong>${t(`app.call.${call.state}`)}</strong>${shortWay(call)}
            ${call.reserved_for && call.state === "reserved" ? html`<small>${day(call.reserved_for)} ${clock(call.reserved_for)}</small>` : nothing}</span>
            ${badge(call.state)}
          </a>
        </li>`,
      )}
    </ul>
  </section>`;
}

function origin() {
  const { origin: place } = state.draft;
  if (place) {
    return html`<p class="from">${icon("map-pin")}<span class="unseen">${t("app.slot.origin")}</span><b>${nameOf(place)}</b><a href="/app/search/origin">${t("app.change")}</a></p>`;
  }
  if (state.hereState === "refused") {
    return html`<p class="from">${icon("map-pin")}<span>${t("app.home.no_position")}</span><a href="/app/search/origin">${t("app.home.choose_origin")}</a></p>`;
  }
  return html`<button type="button" class="from" ?disabled=${state.hereState === "asking"} @click=${look}>${icon("crosshair")}<span>${state.hereState === "asking" ? t("app.home.locating") : t("app.home.locate")}</span></button>`;
}

function favourites() {
  const places = state.customer?.favourites ?? [];
  return html`<ul class="chips" aria-label=${t("app.favourites")}>
    ${places.map((place) => html`<li><button type="button" class="chip" @click=${() => driveTo(place)}>${icon(glyphOf(place.label))}<span>${labelOf(place.label)}</span></button></li>`)}
    <li><a class="chip" href="/app/profile/places">${icon("plus")}<span>${places.length ? t("app.favourites.add") : t("app.favourites.first")}</span></a></li>
  </ul>`;
}

/** @param {string} label */
export function glyphOf(label) {
  return { home: "house", work: "briefcase" }[label] ?? "star";
}

/** @param {string} label */
export function labelOf(label) {
  return label === "home" || label === "work" ? t(`app.favourite.${label}`) : label;
}

function recents() {
  const places = recentPlaces(state.past, RECENT);
  if (!places.length) return nothing;
  return html`<h2 class="small-title">${t("app.home.recent")}</h2>
    <ul class="place-list">
      ${places.map((place) => html`<li><button type="button" @click=${() => driveTo(place)}>${icon("clock")}<span class="row-main"><b>${nameOf(place)}</b></span></button></li>`)}
    </ul>`;
}

/** Begin a trip to a place: to the sheet, or to what is still missing. @param {Place} place */
export function driveTo(place) {
  const draft = withPlace({ ...emptyDraft(), origin: state.draft.origin ?? state.here, payment: state.draft.payment }, "destination", place);
  changeDraft(draft);
  const slot = nextEmpty(draft);
  go(slot ? `/app/search/${slot}` : "/app/request");
}

