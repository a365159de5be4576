/** One policy: what holds now, a form made of its fields for the next record, and all records with who wrote them. */

import { get, newKey, Problem, send } from "../phone/client.js";
import { area, badge, button, empty, facts, field, notice, select } from "../phone/parts.js";
import { toast } from "../phone/sheet.js";
import { clock, day, html, icon, nothing, render, t } from "../phone/view.js";
import { config } from "../words.js";
import { act } from "./deeds.js";
import { SERVICES } from "./pieces.js";
import { asText, fieldsOf, parse } from "./policy_fields.js";

/** @typedef {import("./policy_fields.js").Field} Field */
/** @typedef {{ id: string, version: number, region: string | null, region_names: Record<string, string>, service: string | null, value: Record<string, any> | null, effective_from: string, created_at: string, created_by: string, note: string, standing: "in_force" | "planned" | "past" }} Rule */
/** @typedef {{ name: string, fields: any, built_in: Record<string, any>, value: Record<string, any>, version: number, records: Rule[] }} Policy */

const TONES = /** @type {const} */ ({ in_force: "good", planned: "accent", past: "quiet" });

/** @param {HTMLElement} root @param {string} name */
export async function open(root, name) {
  /** @type {Policy} */
  let policy = await get(`/console/policies/${name}`);
  const fields = fieldsOf(policy.fields, name);
  let draft = blank(policy, fields);

  const draw = () => render(page(), root);
  const refresh = (/** @type {Policy} */ found) => {
    policy = found;
    draft = blank(policy, fields);
    draw();
  };

  async function save() {
    Object.assign(draft, { isBusy: true, wrong: "" });
    draw();
    try {
      const written = await send(`/console/policies/${name}`, bodyOf(draft, fields), { key: draft.key });
      toast(t("ops.done"), "good");
      refresh(written);
      return;
    } catch (problem) {
      draft.wrong = problem instanceof Problem ? problem.detail : String(problem);
      if (!(problem instanceof Problem && problem.isPassing)) draft.key = newKey();
    }
    draft.isBusy = false;
    draw();
  }

  /** @param {Rule} rule */
  async function withdraw(rule) {
    const done = await act({
      title: t("ops.policy.withdraw"),
      text: t("ops.policy.withdraw.text"),
      yes: t("ops.policy.withdraw"),
      path: `/console/policies/${name}`,
      body: (note) => ({ value: null, region: rule.region, service: rule.service, note }),
    });
    if (done) refresh(await get(`/console/policies/${name}`));
  }

  function page() {
    return html`<p class="back"><a href="/console/policies">${icon("arrow-left")}${t("room.policies")}</a></p>
      <div class="head"><h1>${t(`ops.policy.${name}.name`)}</h1>
        ${policy.version ? badge(t("ops.policies.version", { n: policy.version }), "good") : badge(t("ops.policies.built_in"))}</div>
      <p class="lead">${t(`ops.policy.${name}.text`)}</p>
      <div class="operators-columns">
        <section class="card"><h2>${t("ops.policy.now")}</h2>${facts(fields.map((each) => [each.label, asText(each, policy.value[each.name])]))}</section>
        <section class="card"><h2>${t("ops.policy.write")}</h2>${form(draft, fields, policy, draw, save)}</section>
      </div>
      <section class="card"><h2>${t("ops.policy.history")}</h2>
        ${policy.records.length ? policy.records.map((rule) => record(rule, fields, withdraw)) : empty(t("ops.policy.none"), { glyph: "history" })}
      </section>`;
  }
  draw();
}

/** @param {Policy} policy @param {Field[]} fields */
function blank(policy, fields) {
  const values = Object.fromEntries(fields.map((each) => [each.name, each.write(policy.value[each.name])]));
  return { values, region: "", service: "", from: "", note: "", wrong: "", isBusy: false, key: newKey() };
}

/** @typedef {ReturnType<typeof blank>} Draft */

/** @param {Draft} draft @param {Field[]} fields */
function bodyOf(draft, fields) {
  return {
    value: Object.fromEntries(fields.map((each) => [each.name, parse(each, draft.values[each.name] ?? "")])),
    region: draft.region.trim() || null,
    service: draft.service || null,
    effective_from: draft.from ? `${draft.from}:00+09:00` : null,
    note: draft.note,
  };
}

/** @param {Draft} draft @param {Field[]} fields @param {Policy} policy @param {() => void} draw @param {() => void} save */
function form(draft, fields, policy, draw, save) {
  /** @param {(value: string) => void} keep */
  const heard = (keep) => (/** @type {string} */ value) => {
    keep(value);
    draw();
  };
  const changed = fields.filter((each) => draft.values[each.name] !== each.write(policy.value[each.name]));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    save();
  };
  return html`<form @submit=${submit}>
    <div class="policy-fields">${fields.map((each) => input(each, draft.values[each.name] ?? "", heard((value) => (draft.values[each.name] = value))))}</div>
    <div class="field-pair">
      ${field("region", t("ops.policy.region"), draft.region, heard((value) => (draft.region = value)), { hint: t("ops.policy.region.hint"), inputmode: "numeric", maxlength: 10, placeholder: "11" })}
      ${select("service", t("ops.policy.service"), [{ value: "", label: t("ops.policy.all_services") }, ...SERVICES.map((value) => ({ value, label: t(`call.service.${value}`) }))], draft.service, heard((value) => (draft.service = value)))}
    </div>
    ${field("from", t("ops.policy.from"), draft.from, heard((value) => (draft.from = value)), { type: "datetime-local", hint: t("ops.policy.from.hint") })}
    ${area("note", t("ops.policy.note"), draft.note, heard((value) => (draft.note = value)), { maxlength: 500, rows: 2 })}
    <h3>${t("ops.policy.change")}</h3>
    ${changed.length ? facts(changed.map((each) => [each.label, html`<del>${asText(each, policy.value[each.name])}</del> → <strong>${draft.values[each.name]}</strong>`])) : html`<p class="hint">${t("ops.policy.no_change")}</p>`}
    ${draft.wrong ? notice(draft.wrong, "bad") : nothing}
    ${button(t("ops.policy.save"), save, { kind: "primary", submit: true, busy: draft.isBusy, disabled: !changed.length && !draft.region && !draft.service })}
  </form>`;
}

/** @param {Field} each @param {string} value @param {(value: string) => void} typed */
function input(each, value, typed) {
  if (each.options) return select(each.name, each.label, each.options, value, typed);
  if (each.kind === "json") return area(each.name, each.label, value, typed, { hint: t("ops.policy.json.hint"), rows: 4, maxlength: 4000 });
  const hint = each.kind === "list" ? t("ops.policy.list.hint") : each.bounds;
  return field(each.name, each.label, value, typed, { hint, type: each.kind === "time" ? "time" : "text", inputmode: each.kind === "number" ? "decimal" : "text", required: !each.isOptional });
}

/** @param {Rule} rule @param {Field[]} fields @param {(rule: Rule) => void} withdraw */
function record(rule, fields, withdraw) {
  const where = rule.region ? (rule.region_names[config.lang] ?? rule.region) : t("ops.policy.everywhere");
  const whom = rule.service ? t(`call.service.${rule.service}`) : t("ops.policy.all_services");
  const isOwn = rule.standing === "in_force" && rule.value !== null;
  return html`<details class="record">
    <summary><strong>${t("ops.policies.version", { n: rule.version })}</strong> ${badge(t(`ops.policy.standing.${rule.standing}`), TONES[rule.standing])}
      <span>${where} · ${whom}</span>
      <span class="record-when">${day(rule.effective_from)} ${clock(rule.effective_from)}</span>
      <span class="record-who">${rule.created_by || t("ops.policy.system")}</span>
    </summary>
    ${rule.note ? html`<p>${rule.note}</p>` : nothing}
    ${rule.value === null ? badge(t("ops.policy.withdrawn"), "warn") : facts(fields.filter((each) => each.name in (rule.value ?? {})).map((each) => [each.label, asText(each, rule.value?.[each.name])]))}
    ${isOwn ? button(t("ops.policy.withdraw"), () => withdraw(rule), { kind: "quiet", glyph: "x" }) : nothing}
  </details>`;
}
