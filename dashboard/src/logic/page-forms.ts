/* The forms of pages: which fields the content of each type has, and how a field is written into it. */

export type Json = Record<string, unknown>;
export type Kind = "line" | "text" | "url" | "tel" | "email" | "number" | "moment" | "hours" | "links" | "file" | "files" | "yes" | "choice";

export interface Field {
  /** Of the content's field; "" for the field itself. */
  name: string;
  kind: Kind;
  required?: true;
  choices?: readonly string[];
  /** Seldom needed: behind "More". */
  more?: true;
}

export interface Form {
  /** The field of `content` that the type reads. */
  field: string;
  fields: Field[];
  /** What its files are, as the browser's file dialog takes it. */
  accept?: string;
}

export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const of = (kind: Kind, ...names: string[]): Field[] => names.map((name) => (name.endsWith("!") ? { name: name.slice(0, -1), kind, required: true } : name.endsWith("+") ? { name: name.slice(0, -1), kind, more: true } : { name, kind }));
const contact: Form = { field: "vCardContent", fields: [...of("line", "first_name!", "last_name!", "job_title", "company"), ...of("tel", "phone", "mobile"), ...of("email", "email"), ...of("url", "website"), ...of("text", "address", "note"), ...of("line", "department+"), ...of("tel", "work_phone+", "fax+")] };
const file = (accept: string): Form => ({ field: "fileContent", accept, fields: [...of("file", ""), ...of("line", "title"), ...of("text", "description")] });

/** In the order in which they are offered. */
export const FORMS: Record<string, Form> = {
  vcard_plus: contact,
  list_links: { field: "listOfLinkContent", fields: [...of("line", "profile_name!"), ...of("text", "bio"), ...of("links", "links")] },
  landing_page: { field: "landingPageContent", fields: [...of("line", "title!", "subtitle"), ...of("text", "description"), ...of("line", "buttonText"), ...of("url", "buttonUrl")] },
  business: { field: "businessContent", fields: [...of("line", "business_name!", "tagline"), ...of("text", "description"), ...of("tel", "phone"), ...of("email", "email"), ...of("url", "website"), ...of("text", "address"), ...of("hours", "business_hours")] },
  event: { field: "eventContent", fields: [...of("line", "event_name!", "organizer"), ...of("moment", "start_date", "end_date"), ...of("line", "timezone", "location"), ...of("text", "description"), ...of("url", "rsvp_url")] },
  coupon: { field: "couponContent", fields: [...of("line", "title!"), ...of("text", "description"), { name: "discountType", kind: "choice", choices: ["percentage", "fixed"] }, ...of("line", "discountValue", "code"), ...of("line", "expiryDate"), ...of("url", "redeemUrl"), ...of("text", "terms")] },
  apps: { field: "appContent", fields: [...of("line", "appName!"), ...of("text", "description"), ...of("url", "appStoreUrl", "playStoreUrl", "website")] },
  social_media: { field: "socialMediaContent", fields: [...of("line", "profileName!"), ...of("text", "bio"), ...of("line", "instagram", "facebook", "twitter", "linkedin", "youtube", "tiktok"), ...of("url", "website")] },
  pdf: file("application/pdf"),
  images: { field: "imagesContent", accept: "image/png,image/jpeg,image/gif,image/webp,image/avif", fields: of("files", "") },
  video: file("video/mp4,video/webm"),
  mp3: file("audio/mpeg"),
  text: { field: "text", fields: of("text", "!") },
  wifi: { field: "wifiContent", fields: [...of("line", "network_name!", "password"), { name: "encryption", kind: "choice", choices: ["WPA", "WEP", "nopass"], required: true }, ...of("yes", "hidden")] },
  phone: { field: "phone", fields: of("tel", "!") },
  email: { field: "emailContent", fields: [...of("email", "email!"), ...of("line", "subject"), ...of("text", "body")] },
  sms: { field: "smsContent", fields: [...of("tel", "number!"), ...of("text", "message!")] },
  whatsapp: { field: "whatsAppContent", fields: [...of("tel", "number!"), ...of("text", "message")] },
  geo: { field: "geoContent", fields: [...of("number", "latitude!", "longitude!"), ...of("line", "label")] },
  paypal: { field: "paypalContent", fields: [...of("line", "username!", "amount!", "note")] },
  bitcoin: { field: "bitcoinContent", fields: [...of("line", "address!", "amount!", "label", "message")] },
};

/** The form of a type; contacts of either sort have the same. */
export function formOf(type: string): Form | null {
  return FORMS[type === "vcard" ? "vcard_plus" : type] ?? null;
}

export function emptyContent(type: string, zone: string): Json {
  const form = formOf(type);
  if (form === null) return {};
  if (type === "images") return { [form.field]: [] };
  if (form.fields[0]?.name === "" && form.accept === undefined) return { [form.field]: "" };
  const given: Json = type === "event" ? { timezone: zone } : type === "wifi" ? { encryption: "WPA" } : type === "list_links" ? { links: [{ id: "1", title: "", url: "" }] } : type === "coupon" ? { discountType: "percentage" } : {};
  return { [form.field]: given };
}

export function valueOf(content: Json, form: Form, name: string): unknown {
  const inner = content[form.field];
  if (name === "") return inner;
  return typeof inner === "object" && inner !== null ? (inner as Json)[name] : undefined;
}

/** The content with one field written; what is emptied is left out. What no form knows stays. */
export function written(content: Json, form: Form, name: string, value: unknown): Json {
  if (name === "") return { ...content, [form.field]: value };
  const { [name]: _, ...others } = (content[form.field] ?? {}) as Json;
  const empty = value === undefined || value === "" || value === null;
  return { ...content, [form.field]: empty ? others : { ...others, [name]: value } };
}

/** Text for a field of a form; parts of an address each on their line. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "object") return Object.values(value).filter((part) => typeof part === "string" || typeof part === "number").join("\n");
  return String(value);
}

/** Where a problem is: `content.vCardContent.email` is about `email`; `content.links[2].url` about `links`. */
export function fieldOfProblem(field: string | null | undefined, form: Form): string | null {
  const prefix = `content.${form.field}`;
  if (!field?.startsWith(prefix)) return field === "content" ? "" : null;
  return /^\.?(\w*)/.exec(field.slice(prefix.length))?.[1] ?? "";
}
