/* Menus are the browser's own <details>; this closes them when the focus or the pointer goes elsewhere. */

export function closeMenus(event: Event): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    const escaped = event instanceof KeyboardEvent && event.key === "Escape";
    if (escaped && menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
    if (escaped || (!(event instanceof KeyboardEvent) && !menu.contains(event.target as Node))) menu.open = false;
  }
}
