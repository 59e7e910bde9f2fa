/** Plots as inline SVG: nothing to load, so that the report is one file that opens from anywhere. */

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: string }[];
}

export interface PlotOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Both axes; both values must be above zero. */
  readonly logarithmic?: boolean;
  /** What stands under the axis instead of numbers. */
  readonly ticks?: readonly string[];
  readonly format?: (y: number) => string;
}

const width = 720;
const height = 320;
const margin = { left: 76, right: 150, top: 34, bottom: 52 };

/** A line for each series, a dot for each point with its words as a tooltip. */
export function linePlot(series: readonly Series[], options: PlotOptions): string {
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) return `<p class="none">${asText(options.title)}: nothing recorded yet</p>`;
  const scale = options.logarithmic ? Math.log10 : (value: number) => value;
  const [x0, x1] = range(points.map(({ x }) => scale(x)));
  const ys = points.map(({ y }) => scale(y));
  const [y0, y1] = range(options.logarithmic ? ys : [0, ...ys]);
  const px = (x: number) => margin.left + ((scale(x) - x0) / (x1 - x0)) * (width - margin.left - margin.right);
  const py = (y: number) =>
    height - margin.bottom - ((scale(y) - y0) / (y1 - y0)) * (height - margin.top - margin.bottom);
  const format = options.format ?? short;
  const grid = steps(y0, y1, options.logarithmic === true).map((step) => {
    const value = options.logarithmic ? 10 ** step : step;
    const at = py(value).toFixed(1);
    return `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}"/><text class="tick" x="${margin.left - 8}" y="${at}" text-anchor="end" dominant-baseline="middle">${asText(format(value))}</text>`;
  });
  const under = options.ticks
    ? options.ticks.map((text, i) => ({ x: i, text }))
    : steps(x0, x1, options.logarithmic === true).map((step) => {
        const x = options.logarithmic ? 10 ** step : step;
        return { x, text: short(x) };
      });
  const every = Math.max(1, Math.ceil(under.length / 10));
  const ticks = under
    .filter((_, i) => i % every === 0)
    .map(
      ({ x, text }) =>
        `<text class="tick" x="${px(x).toFixed(1)}" y="${height - margin.bottom + 16}" text-anchor="middle">${asText(text)}</text>`,
    );
  const lines = series.map((one, i) => {
    const at = one.points.map(({ x, y }) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`);
    const dots = one.points.map(
      ({ label }, k) =>
        `<circle class="s${i % 6}" cx="${at[k]?.split(',')[0]}" cy="${at[k]?.split(',')[1]}" r="3.5"><title>${asText(`${one.name}: ${label}`)}</title></circle>`,
    );
    const key = `<text class="key s${i % 6}" x="${width - margin.right + 14}" y="${margin.top + 8 + i * 18}">${asText(one.name)}</text>`;
    return `<polyline class="line s${i % 6}" points="${at.join(' ')}"/>${dots.join('')}${key}`;
  });
  return figure(options.title, [
    ...grid,
    ...ticks,
    `<text class="axis" x="${(margin.left + width - margin.right) / 2}" y="${height - 12}" text-anchor="middle">${asText(options.x)}</text>`,
    `<text class="axis" x="${margin.left}" y="${margin.top - 14}">${asText(options.y)}</text>`,
    ...lines,
  ]);
}

/** One bar a side, longest the slowest. */
export function bars(
  title: string,
  rows: readonly { readonly name: string; readonly value: number; readonly text: string }[],
): string {
  const longest = Math.max(...rows.map(({ value }) => value));
  const step = 30;
  const drawn = rows.map(({ name, value, text }, i) => {
    const length = Math.max(2, (value / longest) * (width - 330));
    const y = 12 + i * step;
    return `<text class="tick" x="170" y="${y + 13}" text-anchor="end">${asText(name)}</text><rect class="${i === 0 ? 'ours' : 'theirs'}" x="180" y="${y}" width="${length.toFixed(1)}" height="18" rx="2"/><text class="tick" x="${(188 + length).toFixed(1)}" y="${y + 13}">${asText(text)}</text>`;
  });
  return figure(title, drawn, 20 + rows.length * step);
}

function figure(title: string, parts: readonly string[], tall = height): string {
  return `<figure><figcaption>${asText(title)}</figcaption><svg viewBox="0 0 ${width} ${tall}" role="img" aria-label="${asText(title)}">${parts.join('')}</svg></figure>`;
}

function range(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** Round numbers between; whole powers of ten on a logarithmic axis, the ends where there are none. */
function steps(low: number, high: number, logarithmic: boolean): number[] {
  if (logarithmic) {
    const whole: number[] = [];
    for (let power = Math.ceil(low); power <= high; power++) whole.push(power);
    return whole.length >= 2 ? whole : [low, high];
  }
  const rough = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * unit).find((one) => one >= rough) ?? rough;
  const found: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1000; at += step) found.push(at);
  return found;
}

function short(value: number): string {
  if (value === 0) return '0';
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}

export function asText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
