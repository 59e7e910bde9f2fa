import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { html } from '../src/report/html.ts';
import { markdown } from '../src/report/markdown.ts';
import { Chromium } from './support/chromium.ts';
import { someHistory, someResults } from './support/results.ts';

describe('the Markdown table', () => {
  const text = markdown(someResults());
  it('has a row for each side, with its ratio to Mica', () => {
    expect(text).toMatch(/\| W2 commit \| mica \| 310 ms \| \d+ % \| 252 MiB\/s \| 117 MiB \| {2}\|/);
    expect(text).toMatch(/\| {2}\| docker \| 2\.40 s .* \| 8\.00 \|/);
  });
  it('says loudly what was not measured, and never takes it for reached', () => {
    expect(text).toMatch(/\| buildah \| \*\*NOT MEASURED: buildah is not installed\*\*/);
    expect(text).toMatch(/- \? W2 commit: ≥ 1 × buildah: not measured/);
  });
  it('tells for each goal whether it is reached', () => {
    expect(text).toMatch(/- ✓ W2 commit: 8\.00 \(≥ 6 × docker\)/);
    expect(text).toMatch(/- ✗ W2 commit: 1\.19 \(≤ 1\.1 × floor's time\)/);
  });
});

describe('the report in Chromium', () => {
  const work = mkdtempSync(join(tmpdir(), 'mica-bench-report-'));
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await Chromium.open();
  });
  afterAll(async () => {
    await chromium?.close();
    rmSync(work, { recursive: true, force: true });
  });

  const open = async (page: string) => {
    const file = join(work, 'report.html');
    writeFileSync(file, page);
    await chromium.goto(pathToFileURL(file).href);
  };
  /** Plots with the sizes that they take on the page, and what is drawn in them. */
  const plots = `[...document.querySelectorAll('figure')].map((figure) => ({
    title: figure.querySelector('figcaption').textContent,
    width: figure.querySelector('svg').getBoundingClientRect().width,
    marks: [...figure.querySelectorAll('rect, circle')].filter((mark) => mark.getBoundingClientRect().width > 0).length,
    length: [...figure.querySelectorAll('polyline')].reduce((sum, line) => sum + line.getTotalLength(), 0),
    outside: [...figure.querySelectorAll('rect, circle, polyline')].filter((mark) => {
      const [box, all] = [mark.getBoundingClientRect(), figure.querySelector('svg').getBoundingClientRect()];
      return box.left < all.left || box.right > all.right || box.top < all.top || box.bottom > all.bottom;
    }).length,
  }))`;

  it('opens from a file, its plots are drawn, and the console stays silent', async () => {
    await open(html(someResults(), someHistory()));
    const drawn = (await chromium.evaluate(plots)) as {
      title: string;
      width: number;
      marks: number;
      length: number;
      outside: number;
    }[];
    const titled = (start: string) => drawn.find(({ title }) => title.startsWith(start));
    expect(drawn.map(({ title }) => title)).toEqual([
      'W2 commit',
      'W6 commit of 10',
      'W6 commit of 100',
      'W6 commit of 1000',
      'kernel tar scan',
      'commit: time against bytes',
      'commit of many: time against containers',
      'commit of many: peak memory against containers',
      'throughput over commits',
      'time against the floor of the same run, over commits',
      'docker’s time against Mica’s in the same run, over commits',
    ]);
    for (const plot of drawn) {
      expect(plot.width, plot.title).toBeGreaterThan(300);
      expect(plot.marks, plot.title).toBeGreaterThan(0);
      expect(plot.outside, plot.title).toBe(0);
    }
    expect(titled('W2')?.marks).toBe(3); // mica, docker, the floor
    expect(titled('commit of many: time')?.length).toBeGreaterThan(100);
    expect(titled('throughput')).toMatchObject({ marks: 3 });
    expect(await chromium.evaluate('document.body.innerText')).toMatch(/NOT MEASURED: buildah is not installed/);
    // What a commit's subject says is text, never markup.
    expect(await chromium.evaluate(`document.querySelector('.facts').textContent`)).toContain('Make "it" <faster>');
    expect(chromium.complaints).toEqual([]);
  });

  it('opens without any history too', async () => {
    await open(html({ ...someResults(), measures: [] }, []));
    expect(await chromium.evaluate('document.querySelectorAll("figure").length')).toBe(0);
    expect(await chromium.evaluate('document.body.innerText')).toMatch(/nothing recorded yet/);
    expect(chromium.complaints).toEqual([]);
  });

  it('would notice a page that complains', async () => {
    await open('<script>console.error("oh"); throw new Error("ah")</script>');
    expect(chromium.complaints.join('\n')).toMatch(/oh[\s\S]*ah/);
  });
});
