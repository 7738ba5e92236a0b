/* Shared views: made and listed by a workspace; opened and asked by whoever has the link. */

import { call, get } from "./client";
import type { Answered } from "./questions";
import { sharedSession } from "../state/shared";
import type { components } from "../../.build/api";

type Schemas = components["schemas"];

export type SharedView = Schemas["SharedViewShown"];
export type SharedViewMade = Schemas["SharedViewMade"];
export type OpenedView = Schemas["OpenedView"];
export type SharedProof = Schemas["SharedProof"];
export type Shared = { code_id: string } | { report_id: string };

/** Throws ApiError: 404 for a link that has ended, 403 for one that asks for a password. */
export async function openSharedView(token: string, password: string): Promise<OpenedView> {
  const { body } = await call<Schemas["OpenedSession"]>("POST", "/v1/shared/open", { body: password === "" ? { token } : { token, password } });
  sharedSession.value = body.session;
  return body;
}

export function readSharedAnswer(signal: AbortSignal): Promise<Answered> {
  return get<Answered>("/v1/shared/answer", signal);
}

export function readSharedProof(signal: AbortSignal): Promise<SharedProof> {
  return get<SharedProof>("/v1/shared/proof", signal);
}

/** The line that shows a shared view in another page. */
export function frameOf(url: string, title: string): string {
  const quoted = title.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");
  return `<iframe src="${url}" title="${quoted}" width="100%" height="900" loading="lazy"></iframe>`;
}
