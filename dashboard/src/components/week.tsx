/* Hours of the week as a heat map: seven rows, Monday first; its twin is the table that it is made of. */

import { words } from "../text";
import { language } from "../text";
import { whole } from "../text/numbers";

const STEPS = 6;

export function Week({ counts }: { counts: number[] }) {
  const most = Math.max(1, ...counts);
  const name = new Intl.DateTimeFormat(language.value, { weekday: "short", timeZone: "UTC" });
  // 2024-01-01 was a Monday.
  const days = Array.from({ length: 7 }, (_, at) => name.format(new Date(Date.UTC(2024, 0, 1 + at))));
  return (
    <div class="week-scroll" tabIndex={0}>
      <table class="week">
        <caption class="visually-hidden">{words().panels.week}</caption>
        <thead>
          <tr>
            <td />
            {Array.from({ length: 24 }, (_, hour) => (
              <th key={hour} scope="col">
                <span class={hour % 6 ? "visually-hidden" : ""}>{hour}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {days.map((day, row) => (
            <tr key={day}>
              <th scope="row">{day}</th>
              {Array.from({ length: 24 }, (_, hour) => {
                const n = counts[row * 24 + hour] ?? 0;
                const step = n === 0 ? 0 : Math.max(1, Math.ceil((n / most) * (STEPS - 1)));
                return (
                  <td key={hour} class={`heat heat-${step}`} title={`${day} ${hour}:00 – ${whole(n)}`}>
                    <span class="visually-hidden">{whole(n)}</span>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
