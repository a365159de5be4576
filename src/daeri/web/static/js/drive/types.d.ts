/** What the driver's phone hears and knows. Amounts are whole won, lengths metres, instants ISO 8601 in UTC. */

export interface Place {
  lat: number;
  lon: number;
  name: string;
  region?: string | null;
  address?: string | null;
}

export interface Label {
  kind: string;
  tags: string[];
}

/** What a call leaves the driver. */
export interface Net {
  fare: number;
  commission: number;
  premium: number;
  net: number;
}

/** A call before it is accepted: an offer with a clock, or an entry of the open list (no `offer_id`). */
export interface Card {
  offer_id: string | null;
  call_id: string;
  number: string;
  label: Label;
  service: string;
  options: string[];
  origin: Place;
  destination: Place;
  vias: Place[];
  fare_amount: number;
  payment: string;
  note?: string;
  pickup_m: number;
  pickup_s: number | null;
  expires_at: string | null;
  net?: Net | null;
  slot?: "now" | "next";
  route_m?: number | null;
  route_s?: number | null;
  score?: number | null;
  received_at?: string | null;
}

export interface Waiting {
  free_s: number;
  since: string;
  extra_won: number;
  per_min_won?: number;
  no_show_at?: string;
  no_show_fee_won?: number;
}

export interface Call {
  id: string;
  number: string;
  version: number;
  state: string;
  label: Label;
  service: string;
  options: string[];
  origin: Place;
  destination: Place;
  vias: Place[];
  payment: string;
  fare_amount: number;
  fare_plan: string;
  fare?: { plan: string; amount: number } | null;
  final_amount?: number | null;
  note: string;
  assigned_at: string | null;
  arrived_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  ended_by: string | null;
  end_reason: string | null;
  cancelled_from: string | null;
  route_m?: number | null;
  route_s?: number | null;
  waiting?: Waiting | null;
  net?: Net | null;
  rider?: { name: string; phone_masked: string } | null;
  car?: { plate: string; model?: string; transmission?: string; note?: string } | null;
  vias_reached?: number[];
  no_show_fee_won?: number | null;
  cash_received?: boolean | null;
  can?: string[];
}

export interface Expiry {
  what: string;
  on: string;
  days: number;
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
  evidence: string | null;
  starts_at: string;
  ends_at: string | null;
  lifted_at: string | null;
  ended_at?: string | null;
  by_hand: boolean;
  appeal: Appeal | null;
}

/** GET /driver. */
export interface Truth {
  status: string;
  duty: string;
  call: Call | null;
  next_call?: Call | null;
  offers: Card[];
  listed?: Card[];
  suspension?: Suspension | null;
  expiries?: Expiry[];
  cadence_s: number;
  socket: string;
}

export interface Application {
  status?: string;
  name?: string;
  licence?: { number?: string; number_masked?: string; kind: string; expires_on: string } | null;
  insurance?: { company: string; policy_number?: string; policy_masked?: string; expires_on: string } | null;
  services?: string[];
  documents?: { kind: string; at?: string; uploaded_at?: string }[];
  state?: string | null;
  missing?: string[];
  refusal?: string | null;
}

export interface Line {
  runs: number;
  fares: number;
  commission: number;
  premium: number;
  net: number;
}

export interface Day extends Line {
  day: string;
}

export interface Run {
  call_id: string;
  number: string;
  ended_at: string;
  fare: number;
  commission: number;
  premium: number;
  net: number;
  payment: string;
  kind: string;
  is_drive: boolean;
  score: number | null;
  points: number | null;
  slot: import("../phone/rewards.js").Slot | null;
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

/** One call that was near and went elsewhere, or came here. */
export interface Why {
  call_id: string;
  at: string;
  origin: { region: string | null; name_ko: string | null; name_en: string | null; distance_m: number | null };
  service: string;
  fare_amount: number;
  outcome: string;
  reason: string;
  facts: Record<string, string | number | boolean | null>;
}

/** What the socket says. */
export type Said =
  | { type: "welcome"; driver_id: string; cadence_s: number; offers: Card[]; call: Call | null; next_call?: Call | null; listed?: Card[] }
  | { type: "offer"; offer: Card }
  | { type: "offer_closed"; offer_id: string; reason: string }
  | { type: "call"; call: Call }
  | { type: "next_call"; call: Call | null; gone: Call | null }
  | { type: "listed"; items: Card[]; gone: { call_id: string; reason: string }[] }
  | { type: "cadence"; cadence_s: number }
  | { type: "work"; status: Truth["status"]; duty: Truth["duty"] }
  | { type: "drain" };

export type LinkStatus = "connecting" | "live" | "lost" | "signed_out";

/** How the phone reaches us, and since when (this phone's clock). */
export interface Link {
  status: LinkStatus;
  since: number;
}

export type GpsStatus = "off" | "asking" | "ok" | "denied" | "missing";

export interface Fix {
  at: number;
  lat: number;
  lon: number;
  accuracy: number;
}

/** What is known of where the phone is; `sentAt` is when a position last left it. */
export interface Gps {
  status: GpsStatus;
  fix: Fix | null;
  sentAt: number | null;
}

/** A card that is over without having been accepted, told for a moment. */
export interface Lost {
  card: Card;
  reason: string;
  at: number;
}

/** A command that waits to be sent or heard. */
export interface Pending {
  key: string;
  what: string;
  callId: string | null;
  /** Which via, where that is what was pressed. */
  index?: number;
  at: number;
}

export interface State {
  isLoaded: boolean;
  truth: Truth | null;
  link: Link;
  gps: Gps;
  pending: Pending[];
  lost: Lost | null;
  /** The call that has just ended, until its summary is put away. */
  ended: Call | null;
  /** What is being sent at this moment, so that it is not pressed twice. */
  busy: string | null;
  /** Why calls left the open list, by call. */
  gone: Record<string, string>;
}
