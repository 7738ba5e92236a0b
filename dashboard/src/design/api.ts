/* Trying a style, keeping styles, uploading a logo. */

import { useEffect, useState } from "preact/hooks";
import { ApiError, call, get } from "../api/client";
import { cache } from "../api/cache";
import type { components } from "../../.build/api";
import type { Json } from "./style";

export type Preview = components["schemas"]["DesignPreview"];
export type Kept = components["schemas"]["PictureStyle"];

const QUIET_MS = 150;

export interface PreviewState {
  /** The last picture that could be drawn. */
  preview: Preview | null;
  /** Why the style of now cannot be. */
  error: unknown;
  waiting: boolean;
}

/** Draw the style a moment after its last change; the last answer wins. */
export function usePreview(code: string, style: Json): PreviewState {
  const [tried, setTried] = useState<PreviewState>({ preview: null, error: null, waiting: true });
  const key = JSON.stringify(style);
  useEffect(() => {
    const stop = new AbortController();
    setTried((now) => ({ ...now, waiting: true }));
    const draw = async (): Promise<void> => {
      try {
        const { body } = await call<Preview>("POST", `/v1/dynamic/${encodeURIComponent(code)}/qr/preview`, { body: { style }, signal: stop.signal });
        if (!stop.signal.aborted) setTried({ preview: body, error: null, waiting: false });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) setTried((now) => ({ ...now, error, waiting: false }));
        else wait = setTimeout(() => void draw(), 2000);
      }
    };
    let wait = setTimeout(() => void draw(), QUIET_MS);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [code, key]);
  return tried;
}

export async function savedStyles(signal: AbortSignal): Promise<Kept[]> {
  return (await get<{ styles: Kept[] }>("/v1/styles", signal)).styles;
}

export async function saveStyle(name: string, style: Json): Promise<void> {
  await call("POST", "/v1/styles", { body: { name, style } });
  void cache.invalidateQueries({ queryKey: ["styles"] });
}

export async function deleteStyle(id: string): Promise<void> {
  await call("DELETE", `/v1/styles/${id}`);
  void cache.invalidateQueries({ queryKey: ["styles"] });
}

// What is drawn in the middle of a symbol; more pixels than these cannot be seen.
const LOGO_PX = 640;

/** Any picture that the browser can show, as a PNG that is small enough. */
async function small(file: File): Promise<Blob> {
  const address = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const [width, height] = [image.naturalWidth || LOGO_PX, image.naturalHeight || LOGO_PX];
    const scale = LOGO_PX / Math.max(width, height);
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

export class NoPicture extends Error {}

/** The id of the uploaded file. Throws NoPicture, ApiError. */
export async function uploadLogo(file: File): Promise<string> {
  let picture: Blob;
  try {
    picture = await small(file);
  } catch {
    throw new NoPicture();
  }
  const form = new FormData();
  form.append("file", picture, `${file.name.replace(/\.\w+$/, "") || "logo"}.png`);
  const { body } = await call<{ file_id: string }>("POST", "/v1/files", { body: form });
  return body.file_id;
}
