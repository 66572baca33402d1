// Messages by the hour: a picture by uPlot, and the same figures as a table.
import { html, Component } from './draw.js';
import { t } from './words.js';
import { number } from './text.js';

const HOUR = 3600;
const UNWANTED = ['label', 'hold', 'refuse'];

export function byHour(summary) {
  const now = Math.floor(Date.now() / 1000 / HOUR) * HOUR;
  const hours = [], all = [], unwanted = [];
  for (let hour = now - 23 * HOUR; hour <= now; hour += HOUR) {
    hours.push(hour);
    all.push(0);
    unwanted.push(0);
  }
  for (const row of summary?.rows ?? []) {
    const i = hours.indexOf(row.hour);
    if (i >= 0) {
      all[i] += row.messages;
      unwanted[i] += UNWANTED.includes(row.action) ? row.messages : 0;
    }
  }
  return [hours, all, unwanted];
}

const zone = 9 * 60; // JST, as everywhere in the console
const hourName = (s) => String(Math.floor(s / HOUR + zone / 60) % 24).padStart(2, '0') + ':00';

export class Chart extends Component {
  async componentDidMount() {
    try {
      this.uPlot = (await import('./lib/uplot.js')).default;
    } catch {
      return; // the table says the same
    }
    this.watch = new ResizeObserver(() => this.plot?.setSize({ width: this.place?.clientWidth || 300, height: 170 }));
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.again = () => {
      this.drawn = '';
      this.draw();
    };
    this.scheme.addEventListener('change', this.again);
    this.draw();
  }
  componentDidUpdate() {
    this.draw();
  }
  componentWillUnmount() {
    this.gone = true;
    this.scheme?.removeEventListener('change', this.again);
    this.watch?.disconnect();
    this.plot?.destroy();
  }
  draw() {
    if (!this.uPlot || !this.place || this.gone || !this.props.summary) {
      return;
    }
    const data = byHour(this.props.summary);
    if (this.plot && this.drawn === this.props.language) {
      this.plot.setData(data);
      return;
    }
    this.plot?.destroy();
    this.drawn = this.props.language;
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
    this.plot = new this.uPlot({
      width: this.place.clientWidth || 300, height: 170, legend: { show: false }, cursor: { show: false }, padding: [8, 22, 0, 0],
      scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(high, 4)] } },
      axes: [{ ...axis, values: (_, splits) => splits.map(hourName), incrs: [HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR], space: 52 },
        { ...axis, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7], values: (_, splits) => splits.map(number) }],
      series: [{}, { label: t('all'), stroke: color('--accent'), width: 2, fill: color('--accent-soft'), points: { show: false } },
        { label: t('unwanted'), stroke: color('--warn'), width: 2, dash: [6, 3], points: { show: false } }],
    }, data, this.place);
    this.watch.observe(this.place);
  }
  render({ summary }) {
    const [hours, all, unwanted] = byHour(summary);
    return html`<section class="card" aria-labelledby="day-title"><h2 id="day-title">${t('last_day')}</h2>
      <p class="figures"><span><b>${number(summary?.messages)}</b> ${t('all')}</span>
        <span class="key-all" aria-hidden="true">—</span>
        <span><b>${number(unwanted.reduce((a, b) => a + b, 0))}</b> ${t('unwanted')}</span><span class="key-unwanted" aria-hidden="true">- -</span>
        <span class=${summary?.threats > 0 ? 'threat-word' : ''}><b>${number(summary?.threats)}</b> ${t('threats_count')}</span></p>
      <div class="chart" role="img" aria-label=${t('chart_words')} ref=${(e) => { this.place = e; }}></div>
      <details><summary>${t('figures')}</summary><div class="scroll"><table><thead><tr><th scope="col">${t('hour')}</th>
        <th scope="col" class="n">${t('all')}</th><th scope="col" class="n">${t('unwanted')}</th></tr></thead>
        <tbody>${hours.map((hour, i) => html`<tr key=${hour}><th scope="row">${hourName(hour)}</th><td class="n">${number(all[i])}</td>
          <td class="n">${number(unwanted[i])}</td></tr>`).reverse()}</tbody></table></div></details></section>`;
  }
}
