/* Whose days and hours are shown. */

import { useState } from "preact/hooks";
import { setView, ownZone, view } from "../state/view";
import { fill, words } from "../text";
import { Dialog } from "./dialog";
import { Icon } from "./icon";

export function Zone() {
  const [open, setOpen] = useState(false);
  const { periods } = words();
  const { zone } = view.value;
  return (
    <>
      <button type="button" class="button zone" aria-label={`${periods.zone}: ${zone}`} title={`${periods.zone}: ${zone}`} onClick={() => setOpen(true)}>
        <Icon name="globe" />
        {zone === ownZone ? null : <span>{zone.split("/").at(-1)?.replaceAll("_", " ")}</span>}
      </button>
      {open && (
        <Dialog title={periods.zone} close={() => setOpen(false)}>
          <p class="muted">{periods.zoneAbout}</p>
          <label class="field">
            <span>{periods.zone}</span>
            <select class="input" value={zone} onChange={(event) => setView({ zone: event.currentTarget.value })}>
              <option value={ownZone}>{fill(periods.ownZone, { zone: ownZone })}</option>
              {["UTC", ...Intl.supportedValuesOf("timeZone")]
                .filter((one, at, all) => one !== ownZone && all.indexOf(one) === at)
                .map((one) => (
                  <option key={one} value={one}>
                    {one.replaceAll("_", " ")}
                  </option>
                ))}
            </select>
          </label>
        </Dialog>
      )}
    </>
  );
}
