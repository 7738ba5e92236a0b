/* All that can be set of a picture. */

import { useId } from "preact/hooks";
import { ApiError } from "../api/client";
import { Icon } from "../components/icon";
import { TextField } from "../components/forms";
import { fill, words } from "../text";
import { percent, whole } from "../text/numbers";
import { Colour, Slider, Switch, Tiles } from "./controls";
import { LogoField } from "./logo";
import { FinderSample, ShapeSample } from "./samples";
import { EYES, LEVELS, LOGO, NEW_FRAME, RINGS, SHAPES, textColorField, withoutFieldPath, type Design } from "./style";

interface Props {
  design: Design;
  change: (changes: Partial<Design>) => void;
  error: unknown;
}

function said(error: unknown, field: string): string | undefined {
  return error instanceof ApiError && error.field === field ? withoutFieldPath(error.message, field) : undefined;
}

export function Fields({ design, change, error }: Props) {
  const { design: text } = words();
  const at = (field: string): string | undefined => said(error, `style.${field}`);
  return (
    <>
      <section class="card stack">
        <h2>{text.form}</h2>
        <Tiles title={text.shape} name="shape" value={design.shape} change={(shape) => change({ shape })} choices={SHAPES.map((value) => ({ value, name: text.shapes[value] ?? value, sample: <ShapeSample shape={value} /> }))} problem={at("shape")} />
        <div class="design-pair">
          <Tiles title={text.ring} name="ring" value={design.ring} change={(ring) => change({ ring })} choices={RINGS.map((value) => ({ value, name: text.shapes[value] ?? value, sample: <FinderSample part="ring" shape={value} /> }))} />
          <Tiles title={text.eye} name="eye" value={design.eye} change={(eye) => change({ eye })} choices={EYES.map((value) => ({ value, name: text.shapes[value] ?? value, sample: <FinderSample part="eye" shape={value} /> }))} />
        </div>
      </section>
      <Colours design={design} change={change} error={error} />
      <section class="card stack">
        <h2>{text.logo}</h2>
        <LogoField logo={design.logo} change={(image) => change({ logo: image === null ? null : { ...(design.logo ?? LOGO), image } })} problem={at("logo") ?? at("logo.image")} />
        {design.logo && (
          <div class="design-pair">
            <Slider label={text.logoSize} name="logo-size" low={0.05} high={0.4} step={0.01} value={design.logo.size} shown={percent(design.logo.size, 0)} change={(size) => design.logo && change({ logo: { ...design.logo, size } })} problem={at("logo.size")} />
            <Slider label={text.logoMargin} name="logo-margin" low={0} high={4} step={0.5} value={design.logo.margin} shown={whole(design.logo.margin)} change={(margin) => design.logo && change({ logo: { ...design.logo, margin } })} problem={at("logo.margin")} />
            <Tiles title={text.logoSpace} name="logo-space" value={design.logo.safe_area} change={(area) => design.logo && change({ logo: { ...design.logo, safe_area: area === "circle" ? "circle" : "square" } })} choices={(["square", "circle"] as const).map((value) => ({ value, name: text.shapes[value] ?? value }))} />
          </div>
        )}
      </section>
      <FrameFields design={design} change={change} error={error} />
      <section class="card stack">
        <h2>{text.print}</h2>
        <div class="design-pair">
          <Slider label={text.margin} name="margin" low={0} high={10} step={1} value={design.margin} shown={fill(text.modules, { count: whole(design.margin) })} change={(margin) => change({ margin })} problem={at("margin")} />
          <Tiles title={text.level} name="level" value={design.level} change={(level) => change({ level })} choices={[{ value: "", name: text.automatic }, ...LEVELS.map((value) => ({ value, name: value }))]} problem={at("error_correction")} />
        </div>
        <p class="hint">{design.margin < 4 ? text.marginSmall : text.levelHint}</p>
      </section>
    </>
  );
}

function Colours({ design, change, error }: Props) {
  const { design: text } = words();
  const at = (field: string): string | undefined => said(error, `style.${field}`);
  const { gradient } = design;
  const own = design.ringColor !== null || design.eyeColor !== null;
  function paint(kind: string): void {
    if (kind === "plain") change({ gradient: null, color: gradient?.colors[0] ?? design.color });
    else {
      const type = kind === "radial" ? "radial" : "linear";
      change({ gradient: gradient ? { ...gradient, type } : { type, colors: [design.color === "#000000" ? "#0f5f55" : design.color, "#1b2a6b"], angle: 45 } });
    }
  }
  return (
    <section class="card stack">
      <h2>{text.colours}</h2>
      <Tiles title={text.paint} name="paint" value={gradient?.type ?? "plain"} change={paint} choices={(["plain", "linear", "radial"] as const).map((value) => ({ value, name: text.paints[value] }))} problem={at("gradient.colors")} />
      <div class="design-pair">
        {!gradient && <Colour label={text.colour} name="color" value={design.color} change={(color) => change({ color })} problem={at("color")} />}
        {gradient?.colors.map((one, index) => (
          <Colour key={index} label={fill(text.stop, { number: index + 1 })} name={`stop-${index}`} value={one} change={(color) => change({ gradient: { ...gradient, colors: gradient.colors.map((old, place) => (place === index ? color : old)) } })} problem={at(`gradient.colors[${index}]`)} />
        ))}
        <Colour label={text.background} name="background" value={design.background} change={(background) => change({ background })} problem={at("background")} />
      </div>
      {gradient && (
        <div class="row">
          <button type="button" class="button" disabled={gradient.colors.length >= 5} onClick={() => change({ gradient: { ...gradient, colors: [...gradient.colors, gradient.colors.at(-1) ?? "#000000"] } })}>
            <Icon name="plus" />
            {text.addStop}
          </button>
          {gradient.colors.length > 2 && (
            <button type="button" class="button" onClick={() => change({ gradient: { ...gradient, colors: gradient.colors.slice(0, -1) } })}>
              {text.dropStop}
            </button>
          )}
        </div>
      )}
      {gradient?.type === "linear" && <Slider label={text.angle} name="angle" low={0} high={360} step={5} value={((gradient.angle % 360) + 360) % 360} shown={`${whole(gradient.angle)}°`} change={(angle) => change({ gradient: { ...gradient, angle } })} problem={at("gradient.angle")} />}
      <Switch label={text.transparent} name="transparent" on={design.background === "transparent"} change={(on) => change({ background: on ? "transparent" : "#ffffff" })} />
      {design.background === "transparent" && <p class="hint">{text.transparentHint}</p>}
      <Switch label={text.ownFinder} name="own-finder" on={own} change={(on) => change(on ? { ringColor: design.color, eyeColor: design.color } : { ringColor: null, eyeColor: null })} />
      {own && (
        <div class="design-pair">
          <Colour label={text.ring} name="ring-color" value={design.ringColor ?? design.color} change={(ringColor) => change({ ringColor })} problem={at("finder.ring_color")} />
          <Colour label={text.eye} name="eye-color" value={design.eyeColor ?? design.color} change={(eyeColor) => change({ eyeColor })} problem={at("finder.eye_color")} />
        </div>
      )}
    </section>
  );
}

function FrameFields({ design, change, error }: Props) {
  const { design: text } = words();
  const id = useId();
  const { frame } = design;
  const at = (field: string): string | undefined => said(error, `style.frame${field}`);
  return (
    <section class="card stack" aria-labelledby={id}>
      <div class="row design-head">
        <h2 id={id}>{text.frame}</h2>
        <Switch label={text.withFrame} name="frame" on={frame !== null} change={(on) => change({ frame: on ? { ...NEW_FRAME, caption: text.caption1, color: design.gradient?.colors[0] ?? design.color } : null })} />
      </div>
      {frame && (
        <>
          <TextField label={text.caption} name="caption" value={frame.caption} change={(caption) => change({ frame: { ...frame, caption } })} problem={at(".caption") ?? at("")} hint={text.captionHint} />
          <div class="design-pair">
            <Colour label={text.frameColour} name="frame-color" value={frame.color} change={(color) => change({ frame: { ...frame, color } })} problem={at(".color")} />
            <Colour label={text.captionColour} name="caption-color" value={frame.text_color ?? ""} otherwise={textColorField(frame.color)} change={(color) => change({ frame: { ...frame, text_color: color || null } })} problem={at(".text_color")} />
            <Tiles title={text.position} name="position" value={frame.position} change={(value) => change({ frame: { ...frame, position: value === "top" ? "top" : "bottom" } })} choices={(["bottom", "top"] as const).map((value) => ({ value, name: text.positions[value] }))} />
            <Tiles title={text.corners} name="corners" value={frame.corners} change={(value) => change({ frame: { ...frame, corners: value === "square" ? "square" : "rounded" } })} choices={(["rounded", "square"] as const).map((value) => ({ value, name: text.shapes[value] ?? value }))} />
          </div>
        </>
      )}
    </section>
  );
}
