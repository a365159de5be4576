/** The rating of a drive: stars, and what stood out. */

import { area, stars as starsPart } from "../phone/parts.js";
import { html, nothing, t } from "../phone/view.js";
import { command, rating as readRating } from "./api.js";
import { driverName, isBusy } from "./bits.js";
import { redraw, tell } from "./store.js";

const GOOD = /** @type {const} */ (["kind", "safe_driving", "on_time", "quiet", "knew_the_way"]);
const BAD = /** @type {const} */ (["unkind", "rough_driving", "late", "talkative", "wrong_way"]);
const LIKED = 4;

/** @param {string} id of the call */
export function ratingForm(id) {
  let stars = 0;
  /** @type {Set<string>} */
  let tags = new Set();
  let comment = "";
  let isSent = false;

  async function read() {
    const known = await readRating(id).catch(() => null);
    if (!known?.stars) return;
    [stars, tags, comment, isSent] = [known.stars, new Set(known.tags), known.comment ?? "", true];
    redraw();
  }

  async function send() {
    const body = { stars, tags: [...tags], ...(comment.trim() ? { comment: comment.trim() } : {}) };
    const answer = await command(`rating-${id}`, `/calls/${id}/rating`, body);
    if (!answer) return;
    isSent = true;
    tell("good", t("app.rating.thanks"));
  }

  /** @param {number} n */
  function choose(n) {
    if ((n >= LIKED) !== (stars >= LIKED)) tags = new Set();
    stars = n;
    redraw();
  }

  /** @param {string} tag */
  function toggle(tag) {
    if (!tags.delete(tag)) tags.add(tag);
    redraw();
  }

  /** @param {import("./types").Call} call */
  function view(call) {
    if (!call.driver) return nothing;
    const choices = stars >= LIKED ? GOOD : BAD;
    return html`<section class="card tight rating" data-rating>
      <h2>${isSent ? t("app.rating.given") : t("app.rating.ask", { name: driverName(call) })}</h2>
      ${isSent ? starsPart(t("phone.stars", { n: stars }), stars) : starsPart(t("app.rating"), stars, choose)}
      ${stars && !isSent
        ? html`<fieldset class="chips"><legend class="unseen">${t("app.rating.tags")}</legend>
              ${choices.map((tag) => html`<label class="chip check"><input type="checkbox" .checked=${tags.has(tag)} @change=${() => toggle(tag)} /><span>${t(`app.rating.tag.${tag}`)}</span></label>`)}
            </fieldset>
            ${area("comment", t("app.rating.comment"), comment, (text) => { comment = text; }, { rows: 2, maxlength: 500 })}
            <button type="button" class="button primary wide" data-rate ?disabled=${isBusy(`rating-${id}`)} @click=${send}>${t("app.rating.send")}</button>`
        : nothing}
    </section>`;
  }

  return { read, view };
}
