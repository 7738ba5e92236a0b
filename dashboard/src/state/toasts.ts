/* Short messages at the edge of the page, some with an undo. */

import { signal } from "@preact/signals";

interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

export const toasts = signal<Toast[]>([]);
let last = 0;

export function showToast(text: string, action?: Toast["action"], forMs = 6000): void {
  const id = ++last;
  toasts.value = [...toasts.value, action ? { id, text, action } : { id, text }];
  setTimeout(() => dismissToast(id), forMs);
}

export function dismissToast(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}
