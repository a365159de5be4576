/** The fields of a policy out of its JSON Schema: what they are called, what may be typed, and how a value is written. */

import { hours, levelName } from "../phone/rewards.js";
import { count, t, won } from "../phone/view.js";
import { SERVICES } from "./pieces.js";

/** @typedef {"number" | "text" | "time" | "list" | "json" | "choice"} Kind */
/** @typedef {{ name: string, label: string, kind: Kind, bounds: string, isOptional: boolean, options?: { value: string, label: string }[], items?: "number" | "text", write: (value: any) => string }} Field */

/**
 * @param {any} schema with its $defs
 * @param {string} policy
 * @returns {Field[]}
 */
export function fieldsOf(schema, policy) {
  const shape = resolved(schema, schema);
  return Object.entries(shape.properties ?? {}).map(([name, given]) => fieldOf(policy, name, given, schema));
}

/** @param {any} part @param {any} schema */
function resolved(part, schema) {
  const name = part.$ref?.split("/").pop();
  return name ? schema.$defs[name] : part;
}

/** @param {string} policy @param {string} name @param {any} given @param {any} schema @returns {Field} */
function fieldOf(policy, name, given, schema) {
  const { shape, isOptional } = valueOf(resolved(given, schema), schema);
  const label = t(`ops.policy.${policy}.${name}`);
  const base = { name, label, bounds: boundsOf(shape), isOptional };
  if (shape.enum) {
    const options = shape.enum.map((/** @type {string} */ value) => ({ value, label: t(`ops.policy.value.${value}`) }));
    return { ...base, kind: "choice", options, write: String };
  }
  if (shape.type === "boolean") {
    const options = [{ value: "true", label: t("ops.policy.on") }, { value: "false", label: t("ops.policy.off") }];
    return { ...base, kind: "choice", options, write: String };
  }
  if (shape.type === "array") {
    const inner = resolved(shape.items, schema).type;
    if (inner === "object") return { ...base, kind: "json", write: writeList };
    return { ...base, isOptional: !shape.minItems, kind: "list", items: inner === "integer" ? "number" : "text", write: (value) => value.join(", ") };
  }
  if (shape.type === "object") return { ...base, kind: "json", write: (value) => JSON.stringify(value, null, 1) };
  if (shape.type === "string") {
    const isTime = /^\d\d:\d\d/.test(shape.default ?? given.default ?? "");
    // A text may be left empty where the server says nothing against it.
    return { ...base, isOptional: !isTime, kind: isTime ? "time" : "text", write: (value) => (isTime ? String(value).slice(0, 5) : String(value)) };
  }
  return { ...base, kind: "number", write: (value) => (value === null ? "" : String(value)) };
}

/** What a field holds, and whether it may hold nothing (`null`). @param {any} shape @param {any} schema */
function valueOf(shape, schema) {
  const some = shape.anyOf?.filter((/** @type {any} */ each) => each.type !== "null");
  return some ? { shape: resolved(some[0], schema), isOptional: some.length < shape.anyOf.length } : { shape, isOptional: false };
}

/** A list of things with fields, a line each: what fits into one look. @param {any[]} value */
const writeList = (value) => (value.length ? `[\n${value.map((each) => ` ${JSON.stringify(each)}`).join(",\n")}\n]` : "[]");

/** @param {any} shape */
function boundsOf(shape) {
  const low = shape.minimum ?? (shape.exclusiveMinimum === undefined ? undefined : `> ${shape.exclusiveMinimum}`);
  if (low === undefined && shape.maximum === undefined) return "";
  return `${low ?? ""} – ${shape.maximum === undefined ? "" : count(shape.maximum)}`;
}

/**
 * What was typed as the API wants it; the server says what is wrong with it.
 * @param {Field} field @param {string} typed
 */
export function parse(field, typed) {
  if (field.kind === "number") return typed.trim() === "" ? null : Number(typed);
  if (field.kind === "list") return typed.split(",").map((each) => each.trim()).filter(Boolean).map((each) => (field.items === "number" ? Number(each) : each));
  if (field.kind === "json") return readJson(typed);
  if (field.kind === "time") return typed.length === 5 ? `${typed}:00` : typed;
  return typed === "true" ? true : typed === "false" ? false : typed;
}

/** @param {string} typed */
function readJson(typed) {
  try {
    return JSON.parse(typed);
  } catch {
    return typed;
  }
}

/** @param {Field} field @param {any} value */
export function asText(field, value) {
  if (value === undefined) return "–";
  if (field.options) return field.options.find((each) => each.value === String(value))?.label ?? String(value);
  if (field.kind === "number") return value === null ? "–" : count(Number(value));
  if (field.kind === "json") return asLines(value) || "–";
  return field.write(value);
}

/** @param {any} value a list of things with fields, or things by name */
function asLines(value) {
  return Array.isArray(value) ? value.map(asLine).join("; ") : Object.entries(value).map(([name, inner]) => `${named(name)} ${asLine(inner)}`).join("; ");
}

/** What a value stands under. @param {string} name */
const named = (name) => (SERVICES.includes(name) ? t(`call.service.${name}`) : name);

/** One thing with fields, in words where its shape is known. @param {any} inner @returns {string} */
function asLine(inner) {
  if (Array.isArray(inner)) return inner.join("·");
  if (inner === null || typeof inner !== "object") return String(inner);
  if ("from_hour" in inner) return t("ops.policy.rewards.slot", { hours: hours(inner), n: inner.score });
  if ("from_score" in inner) return t("ops.policy.rewards.level", { level: levelName(inner.name), n: count(inner.from_score) });
  if ("addition_won" in inner) return `${inner.percent}%${inner.addition_won ? ` + ${won(inner.addition_won)}` : ""}`;
  return Object.entries(inner).map(([name, value]) => `${name} ${asLine(value)}`).join(", ");
}
