/** Search: the stops of the trip, and as somebody types, the places that they may mean. */

import { html, icon, km, nothing, repeat, t } from "../phone/view.js";
import { go, replace } from "../phone/router.js";
import { places } from "./api.js";
import { head, nameOf } from "./bits.js";
import { MOST_VIAS, isQuotable, moved, nextEmpty, viaIndex, withAnotherVia, withPlace, withoutVia } from "./draft.js";
import { look } from "./here.js";
import { glyphOf, labelOf } from "./home.js";
import { recentPlaces } from "./states.js";
import { changeDraft, redraw, state, tell } from "./store.js";

/** @typedef {import("./types").Place} Place */

const PAUSE_MS = 180;
const RECENT = 8;

/** @param {string} slot what is being chosen @returns {import("./types").Screen} */
export function searchScreen(slot) {
  let words = "";
  let active = -1;
  let asked = 0;
  /** @type {Place[] | null} what was found; null where nothing was asked */
  let found = null;
  let failed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;

  /** @param {string} text */
  function typed(text) {
    words = text;
    active = -1;
    clearTimeout(pause);
    if (!text.trim()) found = null;
    else pause = setTimeout(() => ask(text.trim()), PAUSE_MS);
    redraw();
  }

  /** Answers may overtake each other: only the last question's counts. @param {string} text */
  async function ask(text) {
    const mine = ++asked;
    try {
      const answer = await places(text, state.draft.origin ?? state.here);
      if (mine !== asked) return;
      [found, failed] = [answer?.items ?? [], answer === null];
    } catch {
      if (mine !== asked) return;
      [found, failed] = [[], true];
    }
    redraw();
  }

  /** @param {Place} place */
  function take(place) {
    const { lat, lon, name, address, region } = place;
    const draft = withPlace(state.draft, slot, { lat, lon, name: name || address || "", address, region });
    changeDraft(draft);
    const next = nextEmpty(draft);
    if (next) replace(`/app/search/${next}`);
    else go("/app/request");
  }

  async function takeHere() {
    const here = await look();
    if (here) take(here);
    else tell("bad", t("app.search.no_position"));
  }

  /** @param {KeyboardEvent} event */
  function keyed(event) {
    const shown = found ?? [];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : -1;
      if (shown.length) active = (active + by + shown.length) % shown.length;
      redraw();
      document.getElementById(`found-${active}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      const place = shown[Math.max(active, 0)];
      if (place) take(place);
    } else if (event.key === "Escape") {
      typed("");
    }
  }

  /** @param {number} at among all stops */
  const slotAt = (at) => (at === 0 ? "origin" : at <= state.draft.vias.length ? `via-${at - 1}` : "destination");

  function stops() {
    const all = [state.draft.origin, ...state.draft.vias, state.draft.destination];
    return html`<ol class="stops" aria-label=${t("app.search.stops")}>
      ${all.map((place, at) => {
        const own = slotAt(at);
        const kind = viaIndex(own) === null ? own : "via";
        return html`<li data-stop=${kind} ?data-active=${own === slot}>
          ${own === slot ? field(kind, place) : html`<a class="stop" href=${`/app/search/${own}`} data-replace>${place ? nameOf(place) : html`<em>${t(`app.search.${kind}`)}</em>`}<span class="unseen"> ${t(`app.slot.${kind}`)}</span></a>`}
          ${place && at > 0 ? html`<button type="button" class="icon-button small" aria-label=${t("app.search.up", { name: nameOf(place) })} @click=${() => changeDraft(moved(state.draft, at, -1))}>${icon("chevron-up")}</button>` : nothing}
          ${kind === "via" ? html`<button type="button" class="icon-button small" aria-label=${t("app.search.remove_via", { n: at })} @click=${() => removeVia(at - 1)}>${icon("x")}</button>` : nothing}
        </li>`;
      })}
    </ol>`;
  }

  /** @param {number} index */
  function removeVia(index) {
    changeDraft(withoutVia(state.draft, index));
    if (viaIndex(slot) !== null) replace(`/app/search/${nextEmpty(state.draft) ?? "destination"}`);
  }

  function addVia() {
    const draft = withAnotherVia(state.draft);
    changeDraft(draft);
    replace(`/app/search/via-${draft.vias.length - 1}`);
  }

  /** @param {string} kind @param {Place | null} place */
  function field(kind, place) {
    return html`<input
      id="search-words"
      type="search"
      role="combobox"
      autocomplete="off"
      enterkeyhint="search"
      maxlength="60"
      aria-label=${t(`app.search.${kind}`)}
      aria-expanded=${found?.length ? "true" : "false"}
      aria-controls="found"
      aria-autocomplete="list"
      aria-activedescendant=${active >= 0 ? `found-${active}` : nothing}
      placeholder=${place ? nameOf(place) : t(`app.search.${kind}`)}
      .value=${words}
      data-focus
      @input=${(/** @type {{ target: HTMLInputElement }} */ event) => typed(event.target.value)}
      @keydown=${keyed}
    />`;
  }

  function shortcuts() {
    return html`<ul class="place-list">
      <li><button type="button" ?disabled=${state.hereState === "asking"} @click=${takeHere}>${icon("crosshair")}<span class="row-main"><b>${state.hereState === "asking" ? t("app.home.locating") : t("app.search.here")}</b></span></button></li>
      <li><a href=${`/app/pick/${slot}`} data-pick>${icon("map")}<span class="row-main"><b>${t("app.search.on_map")}</b></span></a></li>
      ${(state.customer?.favourites ?? []).map((place) => row(place, glyphOf(place.label), labelOf(place.label), nameOf(place)))}
    </ul>
    ${recents()}`;
  }

  function recents() {
    const recent = recentPlaces(state.past, RECENT);
    if (!recent.length) return nothing;
    return html`<h2 class="small-title">${t("app.home.recent")}</h2>
      <ul class="place-list">${recent.map((place) => row(place, "clock", nameOf(place), place.address ?? ""))}</ul>`;
  }

  /** @param {Place} place @param {string} glyph @param {string} name @param {string} under */
  const row = (place, glyph, name, under) => html`<li>
    <button type="button" @click=${() => take(place)}>${icon(glyph)}<span class="row-main"><b>${name}</b>${under && under !== name ? html`<small>${under}</small>` : nothing}</span></button>
  </li>`;

  function results() {
    return html`<p class="unseen" role="status">${found ? t("app.search.count", { n: found.length }) : ""}</p>
      <ul class="place-list" id="found" role="listbox" aria-label=${t("app.search.found")} ?hidden=${!found?.length}>
        ${repeat(
          found ?? [],
          (place) => `${place.lat},${place.lon},${place.name}`,
          (place, at) => html`<li id=${`found-${at}`} role="option" aria-selected=${at === active ? "true" : "false"} @click=${() => take(place)}>
            ${icon("map-pin")}<span class="row-main"><b>${nameOf(place)}</b>${place.address ? html`<small>${place.address}</small>` : nothing}</span>${away(place)}
          </li>`,
        )}
      </ul>
      ${found && !found.length ? html`<p class="hint pad">${failed ? t("app.search.failed") : t("app.search.nothing")} <a href=${`/app/pick/${slot}`}>${t("app.search.on_map")}</a></p>` : nothing}`;
  }

  return {
    title: () => t("app.search.title"),
    draw: () => html`
      ${head(t("app.search.title"))} ${stops()}
      <div class="stop-tools">
        ${state.draft.vias.length < MOST_VIAS ? html`<button type="button" class="button quiet" data-add-via @click=${addVia}>${icon("plus")}<span>${t("app.search.add_via")}</span></button>` : nothing}
        ${isQuotable(state.draft) ? html`<a class="button plain" href="/app/request">${t("app.search.go_on")}</a>` : nothing}
      </div>
      <div class="scroll">${results()} ${found ? nothing : shortcuts()}</div>
    `,
    leave: () => clearTimeout(pause),
  };
}

/** How far a place is from where the trip begins. @param {Place} place */
function away(place) {
  const from = state.here ?? state.draft.origin;
  return from ? html`<small class="away">${km(metres(from, place))}</small>` : nothing;
}

/** As the crow flies. @param {{ lat: number, lon: number }} a @param {{ lat: number, lon: number }} b */
export function metres(a, b) {
  const east = (b.lon - a.lon) * 111_320 * Math.cos(((a.lat + b.lat) / 2) * (Math.PI / 180));
  return Math.hypot(east, (b.lat - a.lat) * 110_574);
}

