/* What the settings show, as the API calls it. */

import type { components } from "../../.build/api";

type Schemas = components["schemas"];

export type Domain = Schemas["ShortDomain"];
export type DomainChecks = Schemas["DomainChecks"];
export type RecordCheck = DomainChecks["txt"];
export type CheckedDomain = Schemas["CheckedDomain"];
export type Branding = Schemas["PageBranding"];
export type Key = Schemas["KeyShown"];
export type KeyMade = Schemas["KeyMade"];
export type Scope = Key["scope"];
export type SignedIn = Schemas["SessionShown"];
export type KeptFile = Schemas["File"];
export type Webhook = Schemas["Webhook"];
export type WebhookMade = Schemas["WebhookMade"];
export type WebhookSecret = Schemas["Secret"];
export type Delivery = Schemas["DeliveryShown"];
export type Deliveries = Schemas["DeliveriesShown"];
export type Report = Schemas["SavedReport"];
export type ScheduledExport = Schemas["SavedExport"];
export type ExportRun = Schemas["ExportRunShown"];
export type Usage = Schemas["UsageAnswer"];
export type System = Schemas["SystemAnswer"];
export type Proof = Schemas["ProofAnswer"];
