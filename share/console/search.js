// Searching the record. By envelope for operators and reviewers; by words for reviewers, with a reason.
import { html, Component, state } from './draw.js';
import { ask } from './ask.js';
import { t, actionWords } from './words.js';
import { number } from './text.js';
import { Messages } from './live.js';

const ACTIONS = ['accept', 'label', 'hold', 'refuse', 'tempfail'];
// What was found last, so that going back from a message loses nothing.
const memory = { found: null, values: {} };

// A local time of the form, in JST.
const epoch = (value) => (value ? Date.parse(value + ':00+09:00') : NaN);

export class Search extends Component {
  async find(event) {
    event.preventDefault();
    const form = new FormData(event.target), query = new URLSearchParams();
    memory.values = Object.fromEntries(form);
    for (const name of ['words', 'sender', 'recipient', 'client', 'action', 'id', 'reason']) {
      const value = String(form.get(name) ?? '').trim();
      if (value && (name !== 'reason' || form.get('words'))) {
        query.set(name, value);
      }
    }
    for (const name of ['from', 'to']) {
      const ms = epoch(form.get(name));
      if (ms > 0) {
        query.set(name, String(ms));
      }
    }
    if (form.get('threat')) {
      query.set('threat', '1');
    }
    this.setState({ searching: true, problem: null });
    try {
      memory.found = { ...await ask('GET', '/v1/search?most=100&' + query), subjects: query.has('words') };
      this.setState({ searching: false });
      this.result?.focus();
    } catch (problem) {
      this.setState({ searching: false, problem });
    }
  }
  field(name, type = 'text', more = {}) {
    const label = { words: 'words', sender: 'sender', recipient: 'recipient', client: 'client', id: 'message_id', reason: 'reason', from: 'since', to: 'until' }[name];
    return html`<div class="field"><label for=${'search-' + name}>${t(label)}</label>
      <input id=${'search-' + name} name=${name} type=${type} autocomplete="off" spellcheck=${false} maxlength="200" defaultValue=${memory.values[name] ?? ''} ...${more} /></div>`;
  }
  render() {
    const { searching, problem } = this.state, found = memory.found, reviewer = state.session.role === 'reviewer';
    return html`<h1>${t('search')}</h1><form class="search" role="search" onSubmit=${(e) => this.find(e)}>
      ${reviewer && html`<div class="wide">${this.field('words', 'search', { 'aria-describedby': 'words-hint' })}<p id="words-hint" class="quiet">${t('words_hint')}</p>${this.field('reason')}</div>`}
      ${this.field('sender')}${this.field('recipient')}${this.field('client')}${this.field('id')}
      <div class="field"><label for="search-action">${t('action')}</label><select id="search-action" name="action"><option value="">${t('any')}</option>
        ${ACTIONS.map((a) => html`<option key=${a} value=${a}>${actionWords(a)}</option>`)}</select></div>
      ${this.field('from', 'datetime-local')}${this.field('to', 'datetime-local')}
      <div class="field check"><input id="search-threat" name="threat" type="checkbox" value="1" /><label for="search-threat">${t('only_threats')}</label></div>
      <div class="field"><button type="submit" class="strong" disabled=${searching}>${t('find')}</button></div></form>
      <p class="quiet">${t('search_recorded')}</p>
      ${problem && html`<p class="problem" role="alert">${problem.words}</p>`}
      <section aria-label=${t('result')} aria-live="polite" tabindex="-1" ref=${(e) => { this.result = e; }}>
        ${searching ? html`<p>${t('searching')}</p>` : found && html`<p>${found.messages.length === 0 ? t('found_none') : t('found', { n: number(found.messages.length) })} ${found.more && t('found_more')}</p>`}
        ${found && found.messages.length > 0 && html`<${Messages} rows=${found.messages} subjects=${found.subjects} label=${t('result')} />`}</section>`;
  }
}
