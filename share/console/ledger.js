// The state of the ledger: how many entries, the last signed checkpoint, who else has seen it, and what does not work.
import { html, Component } from './draw.js';
import { ask } from './ask.js';
import { t } from './words.js';
import { Foreign, Time, number } from './text.js';

export function age(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  return t('ago', { n: s < 120 ? t('seconds', { n: s }) : s < 7200 ? t('minutes', { n: Math.round(s / 60) })
    : s < 172800 ? t('hours', { n: Math.round(s / 3600) }) : t('days', { n: Math.round(s / 86400) }) });
}

export class Ledger extends Component {
  componentDidMount() {
    this.read();
    this.timer = setInterval(() => this.read(), 5000);
  }
  componentWillUnmount() {
    clearInterval(this.timer);
  }
  async read() {
    try {
      this.setState({ ledger: await ask('GET', '/v1/ledger'), problem: null });
    } catch (problem) {
      this.setState({ problem });
    }
  }
  render() {
    const { ledger, problem } = this.state;
    if (!ledger) {
      return html`<h1>${t('ledger')}</h1>${problem ? html`<p class="problem" role="alert">${problem.words}</p>` : html`<p role="status">${t('loading')}</p>`}`;
    }
    const entries = ledger.status?.figures?.ledger_entries ?? ledger.size, others = (ledger.signatures ?? []).filter((s) => !s.own);
    return html`<h1>${t('ledger')}</h1><p class="quiet">${t('ledger_words')}</p>
      ${problem && html`<p class="problem" role="alert">${problem.words}</p>`}
      <section class="card tiles" aria-label=${t('ledger')}>
        <div class="tile"><b class="n">${number(entries)}</b><span>${t('entries')}</span>
          ${entries > ledger.size && html`<span class="quiet">${t('unsigned_yet', { n: number(entries - ledger.size) })}</span>`}</div>
        <div class="tile"><b>${ledger.time ? age(ledger.now - ledger.time) : '—'}</b><span>${t('last_checkpoint')}</span></div>
        <div class=${'tile ' + (ledger.note === undefined ? '' : ledger.signed ? 'good' : 'bad')}><b>${ledger.note === undefined ? '—' : ledger.signed ? '✓' : '✕'}</b>
          <span>${t('signature')}: ${ledger.note === undefined ? t('no_checkpoint') : ledger.signed ? t('signature_good') : t('signature_bad')}</span></div>
        <div class="tile"><b class="n">${number(others.length)}</b><span>${t('cosignatures')}</span></div></section>
      <section class="card" aria-labelledby="checkpoint-title"><h2 id="checkpoint-title">${t('last_checkpoint')}</h2><dl class="facts">
        <div><dt>${t('origin')}</dt><dd><${Foreign} text=${ledger.origin ?? '—'} /></dd></div>
        <div><dt>${t('entries')}</dt><dd class="n">${number(ledger.size)}</dd></div>
        <div><dt>${t('time')}</dt><dd><${Time} ms=${ledger.time} /></dd></div>
        <div><dt>${t('root')}</dt><dd><code>${ledger.root ?? '—'}</code></dd></div>
        <div><dt>${t('vkey')}</dt><dd><code><${Foreign} text=${ledger.vkey ?? '—'} /></code></dd></div>
        <div><dt>${t('cosignatures')}</dt><dd>${others.length === 0 ? t('none') : others.map((s, i) => html`<span key=${i}><${Foreign} text=${s.name} /> </span>`)}</dd></div>
        <div><dt>${t('trouble')}</dt><dd>${ledger.status?.trouble ? html`<span class="problem"><${Foreign} text=${ledger.status.trouble} /></span>`
          : ledger.keeper ? t('no_trouble') : t('keeper_away')}</dd></div></dl>
        ${ledger.note && html`<details><summary>${t('checkpoint_text')}</summary><pre tabindex="0">${ledger.note.split('\n').map((line, i) => html`<span key=${i}><${Foreign} text=${line} most=${400} />${'\n'}</span>`)}</pre></details>`}
        <h3>${t('check_yourself')}</h3><pre tabindex="0">sekisho ledger verify</pre></section>`;
  }
}
