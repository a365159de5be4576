/** What the API tells staff of customers, drivers, cases and notices. */

export type ActorKind = "customer" | "driver" | "staff" | "partner" | "gateway" | "system";

export interface Customer {
  id: string;
  name: string;
  phone: string;
  joined_at: string;
  calls: number;
  completed: number;
  last_call_at: string | null;
  cancels: number;
  restricted_until: string | null;
}

export interface Cancel {
  call_id: string;
  call_number: string;
  cancelled_from: string;
  at: string;
  counts: boolean;
  forgiven_at: string | null;
  forgiven_by: string | null;
  forgiven_for: string | null;
}

export interface Restriction {
  id: string;
  call_id: string;
  reason: string;
  starts_at: string;
  ends_at: string;
  count: number;
  limit: number;
  window_days: number;
  policy_version: number;
  lifted_at: string | null;
  lifted_as: string | null;
  lifted_by: string | null;
  lifted_for: string | null;
}

export interface NeverMeet {
  id: string;
  customer_id: string;
  customer: string;
  driver_id: string;
  driver: string;
  asked_by: ActorKind;
  call_id: string;
  call_number: string;
  reason: string;
  asked_at: string;
  lifted_at: string | null;
  lifted_by: string | null;
  lifted_for: string | null;
}

export interface Rating {
  call_id: string;
  call_number: string;
  driver_id: string;
  driver: string;
  stars: number;
  tags: string[];
  comment: string;
  rated_at: string;
}

export interface Case {
  id: string;
  number: string;
  kind: string;
  state: "open" | "closed";
  call_id: string;
  call_number: string;
  opened_by_kind: ActorKind;
  opened_by: string;
  text: string;
  facts: Record<string, string | number | boolean | null>;
  phone: string | null;
  opened_at: string;
  closed_at: string | null;
  closed_by: string | null;
  note: string | null;
}

export interface CasePage {
  case: Case;
  history: { at: string; kind: string; actor_kind: ActorKind; actor: string | null }[];
}

export interface CustomerPage {
  customer: Customer;
  limit: number;
  window_days: number;
  length_hours: number;
  cancels: Cancel[];
  restrictions: Restriction[];
  never_meet: NeverMeet[];
  ratings: Rating[];
  cases: Case[];
  claims: import("./money_shapes").Claim[];
  claims_block: boolean;
}

export type SignUp = "applied" | "refused" | "approved" | "suspended";

export interface DriverRow {
  id: string;
  name: string;
  phone: string;
  status: SignUp;
  services: string[];
  joined_at: string | null;
  licence_expires_on: string | null;
  insurance_expires_on: string | null;
  application: boolean;
}

export interface Application {
  id: string;
  state: "open" | "approved" | "refused";
  name: string;
  licence_masked: string;
  licence_kind: string;
  licence_expires_on: string;
  insurer: string;
  policy_masked: string;
  insurance_expires_on: string;
  services: string[];
  submitted_at: string;
  decided_at: string | null;
  reason: string;
  same_licence: string[];
}

export interface Appeal {
  id: string;
  text: string;
  at: string;
  answer: string | null;
  answered_at: string | null;
  upheld: boolean | null;
}

export interface Suspension {
  id: string;
  reason: string;
  evidence: string;
  starts_at: string;
  ends_at: string | null;
  ended_at: string | null;
  by_hand: boolean;
  decided_by: string | null;
  lifted_at: string | null;
  lifted_by: string | null;
  lift_reason: string;
  appeal: Appeal | null;
}

export interface ShownDocument {
  kind: string;
  media_type: string;
  size: number;
  uploaded_at: string;
}

export interface DriverFile {
  id: string;
  name: string;
  phone: string;
  status: SignUp;
  duty: "on" | "off";
  duty_changed_at: string;
  services: string[];
  licence_expires_on: string | null;
  insurance_expires_on: string | null;
  expiries: { what: "licence" | "insurance"; on: string; days: number }[];
  call_id: string | null;
  call_number: string | null;
  runs: number;
  rating: number | null;
  applications: Application[];
  documents: ShownDocument[];
  missing: string[];
  suspension: { active: Suspension | null; history: Suspension[] };
  rewards: RewardPanel;
}

/** What one ride counted. */
export interface Reward {
  call_id: string;
  number: string;
  kind: string;
  wanted_at: string;
  ended_at: string;
  score: number;
  points: number;
  slot: import("../phone/rewards.js").Slot | null;
}

export interface RewardPanel {
  level: import("../phone/rewards.js").Level;
  next_level: import("../phone/rewards.js").Level | null;
  score: number;
  points: number;
  window_days: number;
  items: Reward[];
  next_cursor: string | null;
}

export interface AppealRow {
  driver_id: string;
  driver_name: string;
  suspension_id: string;
  appeal: Appeal;
}

export interface Notice {
  id: string;
  audience: "drivers" | "customers" | "all";
  title_ko: string;
  title_en: string;
  body_ko: string;
  body_en: string;
  shown_from: string;
  shown_until: string | null;
  withdrawn_at: string | null;
  created_by: string | null;
}
