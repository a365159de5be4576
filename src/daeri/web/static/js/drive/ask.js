/** The app's questions, in the library's sheets, with targets for a wet thumb. */

import { openSheet } from "../phone/sheet.js";
import { html, nothing, t } from "../phone/view.js";

/** @typedef {{ value: string, text: string, kind?: "primary" | "plain" | "danger" }} Choice */
/** @typedef {{ title: string, text?: string, yes: string, no: string, danger?: boolean }} Question */
/** @typedef {{ what: string, injured: boolean, police: boolean }} Accident */

/** Yes or no. @param {Question} question */
export async function ask({ title, text, yes, no, danger = false }) {
  const answer = await openSheet(
    title,
    (/** @type {(value?: boolean) => void} */ give) => html`
      ${text ? html`<p class="sheet-text">${text}</p>` : nothing}
      <div class="drive-sheet-feet">
        <button type="button" class="button plain drive-big" data-no @click=${() => give(false)}>${no}</button>
        <button type="button" class="button ${danger ? "danger" : "primary"} drive-big" data-yes @click=${() => give(true)}>${yes}</button>
      </div>`,
  );
  return answer === true;
}

/** One of several things to do. @param {{ title: string, text?: string, choices: Choice[] }} question */
export function choose({ title, text, choices }) {
  return openSheet(
    title,
    (/** @type {(value?: string) => void} */ give) => html`
      ${text ? html`<p class="sheet-text">${text}</p>` : nothing}
      <div class="drive-choices">
        ${choices.map((each) => html`<button type="button" class="button wide drive-big ${each.kind ?? "plain"}" data-choice=${each.value} @click=${() => give(each.value)}>${each.text}</button>`)}
      </div>`,
  );
}

/**
 * A reason out of a list.
 * @param {Question & { label: string, choices: Choice[] }} question
 */
export function askReason({ title, text, label, choices, yes, no, danger = false }) {
  return openSheet(
    title,
    (/** @type {(value?: string) => void} */ give) => html`
      ${text ? html`<p class="drive-warning">${text}</p>` : nothing}
      <form class="drive-form" @submit=${(/** @type {SubmitEvent} */ event) => give(reasonIn(event))}>
        <fieldset class="drive-radios"><legend>${label}</legend>
          ${choices.map((each) => html`<label class="drive-radio"><input type="radio" name="reason" value=${each.value} required /><span>${each.text}</span></label>`)}
        </fieldset>
        <div class="drive-sheet-feet">
          <button type="button" class="button plain drive-big" data-no @click=${() => give()}>${no}</button>
          <button class="button ${danger ? "danger" : "primary"} drive-big" data-yes>${yes}</button>
        </div>
      </form>`,
  );
}

/** What happened, for the case that it opens. @returns {Promise<Accident | undefined>} */
export function askAccident() {
  return openSheet(
    t("drive.accident"),
    (/** @type {(value?: Accident) => void} */ give) => html`
      <p class="drive-warning">${t("drive.accident.first")}</p>
      <form class="drive-form" @submit=${(/** @type {SubmitEvent} */ event) => give(accidentIn(event))}>
        <div class="field"><label for="accident-what">${t("drive.accident.what")}</label><textarea id="accident-what" name="what" rows="3" maxlength="2000" required></textarea></div>
        <label class="drive-radio"><input type="checkbox" name="injured" /><span>${t("drive.accident.injured")}</span></label>
        <label class="drive-radio"><input type="checkbox" name="police" /><span>${t("drive.accident.police")}</span></label>
        <div class="drive-sheet-feet">
          <button type="button" class="button plain drive-big" @click=${() => give()}>${t("drive.back")}</button>
          <button class="button primary drive-big" data-yes>${t("drive.accident.send")}</button>
        </div>
      </form>`,
  );
}

/** @param {SubmitEvent} event */
function reasonIn(event) {
  event.preventDefault();
  return String(fieldsOf(event).get("reason") ?? "");
}

/** @param {SubmitEvent} event */
function accidentIn(event) {
  event.preventDefault();
  const fields = fieldsOf(event);
  return { what: String(fields.get("what") ?? "").trim(), injured: fields.has("injured"), police: fields.has("police") };
}

/** @param {SubmitEvent} event */
export const fieldsOf = (event) => new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
