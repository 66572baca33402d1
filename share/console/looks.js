// Who looked at what, who signed in: for auditors.
import { html, Component } from './draw.js';
import { ask, hear } from './ask.js';
import { t } from './words.js';
import { Foreign, Time, number } from './text.js';

function what(record) {
  switch (record.kind) {
    case 'look':
      return record.content ? t(record.what === 'search' ? 'did_search' : 'did_content') : record.what === 'message' ? t('did_message') : record.what === 'search' ? t('did_search') : t('did_look');
    case 'account.sign_in':
      return record.good ? t('did_sign_in') : t('did_sign_in_bad');
    case 'account.sign_out':
      return t('did_sign_out');
    default:
      return t('did_account');
  }
}

function readable(query) {
  try {
    return decodeURIComponent(String(query).replaceAll('+', ' '));
  } catch {
    return String(query);
  }
}

export class Looks extends Component {
  componentDidMount() {
    this.read();
    this.silence = hear('look', () => {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.read();
      }, 500);
    });
  }
  componentWillUnmount() {
    this.silence();
    clearTimeout(this.timer);
  }
  async read() {
    try {
      this.setState({ looks: (await ask('GET', '/v1/looks')).looks, problem: null });
    } catch (problem) {
      this.setState({ problem });
    }
  }
  render() {
    const { looks, problem } = this.state;
    return html`<h1>${t('looks')}</h1><p class="quiet">${t('looks_words')}</p>
      ${problem && html`<p class="problem" role="alert">${problem.words}</p>`}
      ${!looks ? html`<p role="status">${t('loading')}</p>` : html`<div class="scroll"><table aria-label=${t('looks')}><thead><tr><th scope="col">${t('time')}</th><th scope="col">${t('who')}</th>
        <th scope="col">${t('what')}</th><th scope="col">${t('details')}</th><th scope="col">${t('reason')}</th><th scope="col" class="n">${t('entry')}</th></tr></thead>
        <tbody>${looks.map(({ entry, record }) => html`<tr key=${entry} class=${record.content ? 'is-content' : ''}><td data-label=${t('time')}><${Time} ms=${record.time} /></td>
          <td data-label=${t('who')}><${Foreign} text=${record.by} most=${64} /></td><td data-label=${t('what')}>${what(record)}</td>
          <td data-label=${t('details')}><${Foreign} text=${record.id ?? (record.query ? readable(record.query) : record.from ?? record.name ?? '')} most=${120} /></td>
          <td data-label=${t('reason')}><${Foreign} text=${record.reason ?? ''} most=${200} /></td><td data-label=${t('entry')} class="n">${number(entry)}</td></tr>`)}</tbody></table></div>`}`;
  }
}
