/** What is kept for the customer: cars and favourite places. */

import { html, icon, nothing, t } from "../phone/view.js";
import { back } from "../phone/router.js";
import { command, customer as readCustomer } from "./api.js";
import { empty, field, segments } from "../phone/parts.js";
import { head, isBusy, nameOf } from "./bits.js";
import { glyphOf, labelOf } from "./home.js";
import { pickScreen } from "./pick.js";
import { change, redraw, state, tell } from "./store.js";

/** @typedef {import("./types").Place} Place */

/** @typedef {{ id: string | null, plate: string, model: string, transmission: "auto" | "manual", note: string }} Edited */

const LABELS = /** @type {const} */ (["home", "work", "other"]);

async function readAgain() {
  const customer = await readCustomer().catch(() => null);
  if (customer) change({ customer });
}

/** @returns {import("./types").Screen} */
export function carsScreen() {
  /** @type {Edited | null} */
  let edited = null;

  /** @param {Event} event */
  async function save(event) {
    event.preventDefault();
    if (!edited) return;
    const { id, ...body } = edited;
    const answer = await command("car", id ? `/customer/cars/${id}` : "/customer/cars", body, id ? "PUT" : "POST");
    if (!answer) return;
    edited = null;
    await readAgain();
    tell("good", t("app.saved"));
  }

  /** @param {string} id */
  async function remove(id) {
    if (await command(`car-${id}`, `/customer/cars/${id}`, undefined, "DELETE")) await readAgain();
  }

  /** @param {Partial<Edited>} patch */
  function set(patch) {
    if (edited) edited = { ...edited, ...patch };
    redraw();
  }

  const form = () => edited && html`<form class="card tight stack" @submit=${save}>
    ${field("car-plate", t("app.car.plate"), edited.plate, (plate) => set({ plate }), { required: true, maxlength: 20, placeholder: t("app.car.plate.example") })}
    ${field("car-model", t("app.car.model"), edited.model, (model) => set({ model }), { maxlength: 40 })}
    ${segments(t("app.car.transmission"), ["auto", "manual"].map((value) => ({ value, label: t(`app.transmission.${value}`) })), edited.transmission, (one) => set({ transmission: one === "manual" ? "manual" : "auto" }))}
    ${field("car-note", t("app.car.note"), edited.note, (note) => set({ note }), { maxlength: 200 })}
    <button class="button primary wide" ?disabled=${!edited.plate.trim() || isBusy("car")}>${t("app.save")}</button>
    <button type="button" class="button quiet wide" @click=${() => { edited = null; redraw(); }}>${t("app.close")}</button>
  </form>`;

  return {
    title: () => t("app.cars"),
    draw: () => html`${head(t("app.cars"))}
      <div class="scroll pad stack">
        <ul class="rows boxed" ?hidden=${!state.customer?.cars.length}>
          ${(state.customer?.cars ?? []).map((car) => html`<li class="row">${icon("car")}<span class="row-main"><b>${car.plate}</b><small>${car.model} ${t(`app.transmission.${car.transmission}`)}</small></span>
            <button type="button" class="icon-button small" aria-label=${t("app.edit", { name: car.plate })} @click=${() => { edited = { ...car }; redraw(); }}>${icon("pencil")}</button>
            <button type="button" class="icon-button small" aria-label=${t("app.remove", { name: car.plate })} ?disabled=${isBusy(`car-${car.id}`)} @click=${() => remove(car.id)}>${icon("trash-2")}</button></li>`)}
        </ul>
        ${state.customer?.cars.length || edited ? nothing : empty(t("app.cars.none"), { glyph: "car", text: t("app.car.why") })}
        ${edited ? form() : html`<button type="button" class="button primary wide" data-add-car-kept @click=${() => { edited = { id: null, plate: "", model: "", transmission: "auto", note: "" }; redraw(); }}>${icon("plus")}<span>${t("app.cars.add")}</span></button>`}
      </div>`,
  };
}

/** @returns {import("./types").Screen} */
export function placesScreen() {
  /** @param {string} id */
  async function remove(id) {
    if (await command(`place-${id}`, `/customer/places/${id}`, undefined, "DELETE")) await readAgain();
  }
  return {
    title: () => t("app.favourites"),
    draw: () => html`${head(t("app.favourites"))}
      <div class="scroll pad stack">
        <ul class="rows boxed" ?hidden=${!state.customer?.favourites.length}>
          ${(state.customer?.favourites ?? []).map((place) => html`<li class="row">${icon(glyphOf(place.label))}<span class="row-main"><b>${labelOf(place.label)}</b><small>${nameOf(place)}</small></span>
            <button type="button" class="icon-button small" aria-label=${t("app.remove", { name: labelOf(place.label) })} ?disabled=${isBusy(`place-${place.id}`)} @click=${() => remove(place.id)}>${icon("trash-2")}</button></li>`)}
        </ul>
        ${state.customer?.favourites.length ? nothing : empty(t("app.favourites.none"), { glyph: "star", text: t("app.favourites.about") })}
        <a class="button primary wide" href="/app/profile/places/new">${icon("plus")}<span>${t("app.favourites.new")}</span></a>
      </div>`,
  };
}

/** A place is picked on the map, then named. @returns {import("./types").Screen} */
export function newPlaceScreen() {
  /** @type {Place | null} */
  let place = null;
  /** @type {(typeof LABELS)[number]} */
  let label = "home";
  let own = "";
  const pick = pickScreen("destination", (found) => {
    place = found;
    redraw();
  }, t("app.pick.keep"));

  /** @param {Event} event */
  async function save(event) {
    event.preventDefault();
    if (!place) return;
    const { lat, lon, name, address } = place;
    const body = { label: label === "other" ? own.trim() : label, name, lat, lon, ...(address ? { address } : {}) };
    if (!(await command("place", "/customer/places", body))) return;
    await readAgain();
    back("/app/profile/places");
    tell("good", t("app.saved"));
  }

  return {
    ...pick,
    title: () => t("app.favourites.new"),
    draw: () =>
      place
        ? html`${head(t("app.favourites.new"))}
            <form class="pad stack" @submit=${save}>
              <p class="picked">${icon("map-pin")}<b>${nameOf(place)}</b></p>
              ${segments(t("app.favourites.label"), LABELS.map((value) => ({ value, label: t(`app.favourite.${value}`) })), label, (one) => { label = LABELS.find((each) => each === one) ?? "home"; redraw(); })}
              ${label === "other" ? field("own-label", t("app.favourites.own"), own, (text) => { own = text; redraw(); }, { required: true, maxlength: 20 }) : nothing}
              <button class="button primary wide tall" ?disabled=${isBusy("place") || (label === "other" && !own.trim())}>${t("app.save")}</button>
            </form>`
        : pick.draw(),
  };
}

