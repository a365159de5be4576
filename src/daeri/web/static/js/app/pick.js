/** Pick on the map: the pin stays, the map moves under it, and the place under the pin says its name. */

import { html, icon, nothing, t } from "../phone/view.js";
import { go } from "../phone/router.js";
import { placeAt as placeFor } from "./api.js";
import { head, nameOf } from "./bits.js";
import { nextEmpty, placeAt, viaIndex, withPlace } from "./draft.js";
import { changeDraft, redraw, state } from "./store.js";

const PAUSE_MS = 250;
const CITY_HALL = { lat: 37.5663, lon: 126.9779, name: "" };

/**
 * @param {string} slot @param {(place: import("./types").Place) => void} [chosen] what is done with the place
 * @param {string} [words] of the button
 * @returns {import("./types").Screen}
 */
export function pickScreen(slot, chosen = (place) => takeInto(slot, place), words = "") {
  const start = placeAt(state.draft, slot) ?? state.draft.origin ?? state.here ?? CITY_HALL;
  /** @type {import("./types").Place | null} */
  let place = null;
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;

  /** @param {{ lat: number, lon: number }} centre */
  function movedTo(centre) {
    place = null;
    clearTimeout(pause);
    pause = setTimeout(() => name(centre), PAUSE_MS);
    redraw();
  }

  /** @param {{ lat: number, lon: number }} centre */
  async function name(centre) {
    const mine = ++asked;
    const found = await placeFor(centre).catch(() => ({ ...centre, name: t("app.place.unnamed") }));
    if (mine !== asked) return;
    place = found;
    redraw();
  }

  void name(start);
  const kind = viaIndex(slot) === null ? slot : "via";
  return {
    title: () => t("app.pick.title"),
    hasMap: true,
    scene: () => ({ here: start, isPinned: true, onMove: movedTo, frame: "pick" }),
    leave: () => clearTimeout(pause),
    draw: () => html`
      ${head(t("app.pick.title"))}
      <div class="pad stack">
        <p class="hint">${t("app.pick.how")}</p>
        <p class="picked" role="status" data-picked>${icon("map-pin")}<span class="row-main"><b>${place ? nameOf(place) : t("app.pick.looking")}</b>${place?.address && place.address !== place.name ? html`<small>${place.address}</small>` : nothing}</span></p>
      </div>
      <footer class="bottom-bar">
        <button type="button" class="button primary wide" data-pick-this ?disabled=${!place} @click=${() => place && chosen(place)}>${words || t("app.pick.this", { slot: t(`app.slot.${kind}`) })}</button>
      </footer>
    `,
  };
}

/** @param {string} slot @param {import("./types").Place} place */
function takeInto(slot, place) {
  const draft = withPlace(state.draft, slot, place);
  changeDraft(draft);
  const next = nextEmpty(draft);
  if (next) go(`/app/search/${next}`);
  else go("/app/request");
}

