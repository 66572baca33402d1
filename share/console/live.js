// The live page: verdicts as they come, and the figures of the last day.
import { html, Component, state, set } from './draw.js';
import { ask, hear } from './ask.js';
import { t, word, actionWords } from './words.js';
import { Foreign, Time, number } from './text.js';
import { Chart } from './chart.js';

const MOST = 200;
const UNWANTED = ['label', 'hold', 'refuse'];
// Kept while other pages are shown.
const memory = { rows: [], held: [], paused: false, missed: false, since: 0, unwanted: 0 };
let page = null, drawing = 0;

hear('message', (message) => {
  if (memory.rows.concat(memory.held).some((row) => row.id === message.id)) {
    return; // told again after a new connection
  }
  const into = memory.paused ? memory.held : memory.rows;
  into.unshift(message);
  into.length = Math.min(into.length, MOST);
  memory.since++;
  memory.unwanted += UNWANTED.includes(message.action);
  drawing ||= setTimeout(() => {
    drawing = 0;
    page?.setState({});
  }, 100);
});
hear('missed', () => {
  memory.missed = true;
  page?.setState({});
});
// A screen reader hears how many came, not each of five hundred a second.
setInterval(() => {
  if (page && memory.since > 0 && !memory.paused) {
    set({ said: t('announce', { n: number(memory.since), u: number(memory.unwanted) }) });
    memory.since = memory.unwanted = 0;
  }
}, 5000);

export function togglePause() {
  memory.paused = !memory.paused;
  if (!memory.paused) {
    memory.rows = [...memory.held, ...memory.rows].slice(0, MOST);
    memory.held = [];
  }
  page?.setState({});
}

export function Badge({ action }) {
  return html`<span class=${'badge ' + (/^[a-z]+$/.test(action) ? action : 'none')}>${actionWords(action)}</span>`;
}

export function Sender({ address }) {
  return address ? html`<${Foreign} text=${address} most=${60} />` : html`<span class="quiet">${t('bounce')}</span>`;
}

export function Class({ message }) {
  return message.threat
    ? html`<span class="threat-word"><${Foreign} text=${word('threat', message.threat)} most=${30} /></span>`
    : html`<${Foreign} text=${message.category ? word('category', message.category) : '—'} most=${30} />`;
}

// A table of messages; rows are reached with the arrow keys (app.js) and by their links with Tab.
export function Messages({ rows, subjects, label }) {
  return html`<div class="scroll"><table class="messages" aria-label=${label}>
    <thead><tr><th scope="col">${t('time')}</th><th scope="col">${t('verdict')}</th><th scope="col">${t('class')}</th>
      <th scope="col">${t('sender')}</th><th scope="col">${t('recipient')}</th>${subjects && html`<th scope="col">${t('subject')}</th>`}
      <th scope="col">${t('client')}</th></tr></thead>
    <tbody>${rows.map((m) => html`<tr key=${m.id} class=${m.threat ? 'is-threat' : ''}>
      <td data-label=${t('time')}><a href=${'#/message/' + encodeURIComponent(m.id)} class="row-link"
        aria-label=${t('open') + ' ' + new Date(m.time).toISOString().slice(11, 19) + ' ' + m.id}><${Time} ms=${m.time} short=${!subjects && !label.long} /></a></td>
      <td data-label=${t('verdict')}><${Badge} action=${m.action} /></td>
      <td data-label=${t('class')}><${Class} message=${m} /></td>
      <td data-label=${t('sender')}><${Sender} address=${m.from} /></td>
      <td data-label=${t('recipient')}><${Foreign} text=${m.recipients ?? m.to} most=${60} /></td>
      ${subjects && html`<td data-label=${t('subject')}><${Foreign} text=${m.subject} most=${80} /></td>`}
      <td data-label=${t('client')}><${Foreign} text=${m.client} most=${45} /></td></tr>`)}</tbody></table></div>`;
}

export class Live extends Component {
  componentDidMount() {
    page = this;
    memory.since = memory.unwanted = 0;
    this.read();
    this.timer = setInterval(() => this.read(), 60000);
  }
  componentWillUnmount() {
    page = null;
    clearInterval(this.timer);
  }
  async read() {
    try {
      this.setState({ summary: await ask('GET', '/v1/summary?hours=24') });
    } catch (problem) {
      this.setState({ problem });
    }
  }
  render() {
    const status = memory.paused ? 'paused' : state.stream;
    return html`<h1>${t('live')}</h1>
      <div class="bar"><span class=${'status ' + status}><span class="dot" aria-hidden="true"></span>${t('stream_' + status)}</span>
        <button type="button" onClick=${togglePause} aria-pressed=${memory.paused}>${memory.paused ? t('resume') : t('pause')}</button>
        ${memory.paused && memory.held.length > 0 && html`<span class="quiet">${t('waiting_rows', { n: number(memory.held.length) })}</span>`}
        ${memory.missed && html`<span class="quiet">${t('missed')}</span>`}</div>
      <${Chart} summary=${this.state.summary} language=${state.language} />
      ${memory.rows.length === 0 ? html`<p class="empty">${t('empty_live')}</p>`
        : html`<${Messages} rows=${memory.rows} label=${t('live')} />`}`;
  }
}
