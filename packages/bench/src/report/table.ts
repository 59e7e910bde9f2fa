import { timesAsLong } from '../measure/ratio.ts';
import type { Recorded, Results } from '../results.ts';
import { duration, rate } from './markdown.ts';
import { asText } from './plot.ts';
import { judge } from './verdict.ts';

export function table(results: Results): string {
  const head = ['job', 'side', 'time', '±', 'rate', 'peak memory', '× Mica', 'goal'];
  return `<div class="scroll"><table><thead><tr>${head.map((text) => `<th>${text}</th>`).join('')}</tr></thead><tbody>${results.measures.map(rows).join('')}</tbody></table></div>`;
}

function rows(measure: Recorded): string {
  const [ours] = measure.sides;
  const goals = measure.goals
    .map((goal) => {
      const { text, reached } = judge(measure.sides, goal);
      return `<span class="${reached === null ? '' : reached ? 'yes' : 'no'}">${asText(text)}</span>`;
    })
    .join('<br>');
  return measure.sides
    .map((side, i) => {
      const job = i === 0 ? asText(`${measure.workload} ${measure.what}`) : '';
      const last = i === 0 ? goals : '';
      if (!side.seconds)
        return `<tr><td>${job}</td><td>${asText(side.name)}</td><td colspan="5" class="no">${asText(side.missing ?? '')}</td><td>${last}</td></tr>`;
      const ratio = ours && i > 0 ? timesAsLong(side, ours) : null;
      const numbers = [
        duration(side.seconds.median),
        `${(side.seconds.spread * 100).toFixed(0)} %`,
        rate(measure, side.seconds.median),
        side.peakKiB === undefined ? '' : `${(side.peakKiB / 1024).toFixed(0)} MiB`,
        ratio === null ? '' : ratio.toFixed(2),
      ];
      return `<tr><td>${job}</td><td>${asText(side.name)}</td>${numbers.map((text) => `<td class="n">${asText(text)}</td>`).join('')}<td>${last}</td></tr>`;
    })
    .join('');
}
