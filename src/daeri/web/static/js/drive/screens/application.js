/** Sign-up: who the driver is, licence and insurance with their ends, documents by camera or file. */

import { Problem, get, send } from "../../phone/client.js";
import { html, icon, nothing, t } from "../../phone/view.js";
import { explain, refresh } from "../actions.js";
import { fieldsOf } from "../ask.js";
import { account } from "../config.js";
import { expiryNotices } from "../expiry.js";
import { load, local, page, readAgain, reload } from "../go.js";
import { shrunk } from "../pictures.js";
import { now, tell } from "../store.js";

/** @typedef {import("../types").Application} Application */

const KEY = "application";
const DOCUMENTS = /** @type {const} */ (["licence", "insurance", "photo", "bank"]);
const LICENCES = ["first_large", "first_normal", "second_normal"];
const SERVICES = ["general", "vip", "tailored", "delivery"];
const MOST_BYTES = 5 * 1024 * 1024;

/** What was chosen on this phone: a picture to look at, and how far it is. @type {Record<string, { url: string, name: string, state: "sending" | "sent" | "failed" }>} */
const chosen = local({});
const form = local({ isSending: false });

export function application() {
  return page(t("drive.application.title"), "/drive/me", load(KEY, read, shown));
}

const read = async () => /** @type {Application} */ (await get("/driver/application"));

/** @param {Application} given */
function shown(given) {
  const truth = now().truth;
  return html`${standing(truth?.status ?? given.status ?? "applied", given)} ${truth ? expiryNotices(truth) : nothing}
    <h2>${t("drive.application.documents")}</h2>
    <p class="hint">${t("drive.application.documents.more")}</p>
    <ul class="drive-documents">${DOCUMENTS.map((kind) => document_(kind, given))}</ul>
    ${fields(given)}`;
}

/** How far the approval has come. @param {string} status @param {Application} given */
function standing(status, given) {
  const step = given.refusal ? "refused" : status === "applied" && given.state === "open" ? "open" : status;
  const symbol = status === "approved" ? "circle-check" : step === "refused" ? "circle-x" : "clock";
  return html`<div class="drive-notice" data-kind=${status === "approved" ? "good" : step === "refused" ? "bad" : "warn"} data-status=${step}>${icon(symbol)}
    <p><strong>${t(`drive.application.status.${step}`)}</strong><br />${given.refusal ?? t(`drive.application.status.${step}.more`)}</p></div>
    <div role="status" data-missing>${status !== "approved" && given.missing?.length ? html`<p class="drive-warning">${t("drive.application.missing", { what: given.missing.map((kind) => t(`drive.document.${kind}`)).join(", ") })}</p>` : nothing}</div>`;
}

/** @param {string} kind @param {Application} given */
function document_(kind, given) {
  const known = given.documents?.find((each) => each.kind === kind);
  const mine = chosen[kind];
  const state = mine?.state ?? (known ? "sent" : given.missing?.includes(kind) ? "missing" : "optional");
  return html`<li class="drive-document" data-document=${kind} data-state=${state}>
    <span class="drive-preview">${mine?.url ? html`<img src=${mine.url} alt=${t("drive.document.preview", { what: t(`drive.document.${kind}`) })} />` : icon(known ? "file-text" : "camera")}</span>
    <span class="drive-document-words"><strong>${t(`drive.document.${kind}`)}</strong><span class="hint">${t(`drive.document.state.${state}`)}</span></span>
    <label class="button plain drive-file">${icon("camera")}${state === "missing" || state === "optional" ? t("drive.document.add") : t("drive.document.change")}
      <input class="unseen" type="file" aria-label=${t("drive.document.choose", { what: t(`drive.document.${kind}`) })} accept="image/jpeg,image/png,image/webp,application/pdf" @change=${(/** @type {Event} */ event) => upload(kind, event)} />
    </label>
  </li>`;
}

/** @param {string} kind @param {Event} event */
async function upload(kind, event) {
  const input = /** @type {HTMLInputElement} */ (event.currentTarget);
  const picked = input.files?.[0];
  input.value = "";
  if (!picked) return;
  const file = await shrunk(picked);
  if (file.size > MOST_BYTES) return tell("bad", t("drive.document.too_big"));
  const url = file.type.startsWith("image/") ? URL.createObjectURL(file) : "";
  chosen[kind] = { url, name: picked.name, state: "sending" };
  try {
    await send(`/driver/documents/${kind}`, file, { method: "PUT" });
    chosen[kind] = { url, name: picked.name, state: "sent" };
    await readAgain(KEY, read);
  } catch (problem) {
    chosen[kind] = { url, name: picked.name, state: "failed" };
    if (problem instanceof Problem && problem.status === 404) tell("warn", t("drive.not_here_yet"));
    else explain(problem);
  }
}

/** @param {Application} given */
function fields(given) {
  const { licence, insurance } = given;
  const services = given.services ?? ["general"];
  return html`<form class="drive-form" data-application @submit=${submit}>
    <h2>${t("drive.application.facts")}</h2>
    ${field("name", t("drive.application.name"), given.name || account().name, { autocomplete: "name", maxlength: 40 })}
    <h2>${t("drive.document.licence")}</h2>
    ${field("licence_number", t("drive.application.licence.number"), licence?.number ?? "", { inputmode: "numeric", maxlength: 20, placeholder: "11-00-000000-00", known: licence?.number_masked ?? "" })}
    <div class="field"><label for="licence_kind">${t("drive.application.licence.kind")}</label>
      <select id="licence_kind" name="licence_kind" required><option value="">${t("drive.application.licence.choose")}</option>${LICENCES.map((kind) => html`<option value=${kind} ?selected=${licence?.kind === kind}>${t(`drive.licence.${kind}`)}</option>`)}</select></div>
    ${field("licence_ends", t("drive.application.ends"), licence?.expires_on ?? "", { type: "date" })}
    <h2>${t("drive.document.insurance")}</h2>
    ${field("insurer", t("drive.application.insurance.company"), insurance?.company ?? "", { maxlength: 60 })}
    ${field("policy_number", t("drive.application.insurance.number"), insurance?.policy_number ?? "", { maxlength: 40, known: insurance?.policy_masked ?? "" })}
    ${field("insurance_ends", t("drive.application.ends"), insurance?.expires_on ?? "", { type: "date" })}
    <fieldset class="drive-radios"><legend>${t("drive.application.services")}</legend>
      ${SERVICES.map((service) => html`<label class="drive-radio"><input type="checkbox" name="services" value=${service} ?checked=${services.includes(service)} /><span>${t(`drive.service.${service}`)}</span></label>`)}
    </fieldset>
    <button class="button primary wide drive-big" ?disabled=${form.isSending}>${form.isSending ? t("drive.duty.sending") : t("drive.application.send")}</button>
  </form>`;
}

/**
 * @param {string} name @param {string} words @param {string} value
 * @param {{ type?: string, autocomplete?: AutoFill, inputmode?: string, maxlength?: number, placeholder?: string, known?: string }} [how]
 */
function field(name, words, value, { type = "text", autocomplete = "off", inputmode = "text", maxlength = 100, placeholder = "", known = "" } = {}) {
  return html`<div class="field"><label for=${name}>${words}</label>
    <input id=${name} name=${name} type=${type} .defaultValue=${value} autocomplete=${autocomplete} inputmode=${inputmode} maxlength=${maxlength} placeholder=${placeholder} required />
    ${known ? html`<p class="hint">${t("drive.application.masked", { number: known })}</p>` : nothing}</div>`;
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  const data = fieldsOf(event);
  const text = (/** @type {string} */ name) => String(data.get(name) ?? "").trim();
  form.isSending = true;
  try {
    await send("/driver/application", {
      name: text("name"),
      licence: { number: text("licence_number"), kind: text("licence_kind"), expires_on: text("licence_ends") },
      insurance: { company: text("insurer"), policy_number: text("policy_number"), expires_on: text("insurance_ends") },
      services: data.getAll("services").map(String),
    });
    tell("good", t("drive.application.sent"));
    reload(KEY);
    await refresh();
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) tell("warn", t("drive.not_here_yet"));
    else explain(problem);
  } finally {
    form.isSending = false;
  }
}
