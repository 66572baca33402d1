// Campaigns: which messages are copies of one another. The list, each with its days; and one, with who got it and when, and for
// those who may read it what links its messages and the template that they were made from.
import { html, Component, state, focusHeading } from './draw.js';
import { ask } from './ask.js';
import { t, word } from './words.js';
import { Foreign, Time, number, moment } from './text.js';
import { Badge } from './live.js';

const list = (value) => (Array.isArray(value) ? value : []);
const count = (day) => Number(list(day)[1]) || 0;

// Messages by the day: bars, the highest full. What they say stands in the label too.
export function Days({ days, width = 5, height = 28, name }) {
  const most = Math.max(1, ...list(days).map(count));
  const words = t('days_words', { n: number(list(days).reduce((sum, day) => sum + count(day), 0)), m: number(most) });
  return html`<svg class=${name} role="img" aria-label=${words} width=${Math.max(1, list(days).length) * width} height=${height} viewBox=${'0 0 ' + Math.max(1, list(days).length) * width + ' ' + height}>
    <line x1="0" x2=${Math.max(1, list(days).length) * width} y1=${height - .5} y2=${height - .5} />
    ${list(days).map((day, i) => count(day) > 0 && html`<rect key=${i} x=${i * width + .5} width=${width - 1} y=${height - 1 - Math.max(2, (height - 2) * count(day) / most)}
      height=${Math.max(2, (height - 2) * count(day) / most)}><title>${moment(Number(day[0])).slice(0, 10) + ': ' + number(count(day))}</title></rect>`)}</svg>`;
}

function Row({ one }) {
  return html`<tr class="campaign"><td data-label=${t('campaign')}><a class="row-link" href=${'#/campaigns/' + encodeURIComponent(one.campaign)}>${number(one.campaign)}</a></td>
    <td class="n" data-label=${t('messages')}>${number(one.messages)}</td><td data-label=${t('days_14')}><${Days} days=${one.days} /></td>
    <td data-label=${t('first_seen')}><${Time} ms=${one.first} /></td><td data-label=${t('last_seen')}><${Time} ms=${one.last} /></td></tr>`;
}

// Fixed words as they are, each slot marked, what stood in it below the pointer and in a list.
function Template({ pieces, label }) {
  const slots = list(pieces).filter((piece) => piece?.slot !== undefined);
  let at = 0;
  return html`<h3>${label}</h3><p class="template">${list(pieces).map((piece, i) => (piece?.slot !== undefined
      ? html`<mark class="slot" key=${i} title=${list(piece.values).length + ''}>${++at} ${word('slot', piece.slot)}</mark>`
      : html`<${Foreign} key=${i} text=${piece?.text} most=${2000} lines />`))}</p>
    ${slots.length > 0 && html`<ol class="slots">${slots.map((piece, i) => html`<li key=${i}><b>${word('slot', piece.slot)}</b> ${list(piece.values).map((value, k) => html`<span class="tag" key=${k}><${Foreign} text=${value} most=${80} /></span> `)}</li>`)}</ol>`}`;
}

function Tally({ rows, label, most = 12 }) {
  return html`<section class="card"><h2>${label}</h2><ul class="tally">${list(rows).slice(0, most).map((row, i) => html`<li key=${i}>
    <span class="n">${number(row[1])}</span> <${Foreign} text=${row[0] === '' ? '<>' : row[0]} most=${100} /></li>`)}</ul></section>`;
}

class One extends Component {
  componentDidMount() {
    this.read();
  }
  componentDidUpdate(before) {
    if (before.id !== this.props.id) {
      this.read();
    }
  }
  async read() {
    const id = this.props.id;
    this.setState({ answer: null, problem: null });
    try {
      const answer = await ask('GET', '/v1/campaigns/' + encodeURIComponent(id));
      if (id === this.props.id) {
        this.setState({ answer }, () => focusHeading());
      }
    } catch (problem) {
      this.setState({ problem });
    }
  }
  async open(event) {
    event.preventDefault();
    try {
      this.setState({ answer: await ask('POST', '/v1/campaigns/' + encodeURIComponent(this.props.id) + '/content', { reason: this.reason.value }), refused: null });
    } catch (refused) {
      this.setState({ refused });
    }
  }
  content(answer) {
    if (!answer.content_shown) {
      return state.session.role === 'reviewer' ? html`<form class="inline" onSubmit=${(e) => this.open(e)}><label for="reason">${t('reason')}</label>
          <input id="reason" name="reason" required maxlength="160" autocomplete="off" ref=${(e) => { this.reason = e; }} /><button type="submit">${t('read')}</button></form>
          ${this.state.refused && html`<p class="problem" role="alert">${this.state.refused.words}</p>`}`
        : html`<p class="quiet">${t('content_reviewer')}</p>`;
    }
    return html`<${Template} pieces=${answer.subject} label=${t('subject')} /><${Template} pieces=${answer.text} label=${t('text_begins')} />
      <h3>${t('links_of')}</h3>${list(answer.links).length === 0 ? html`<p class="quiet">${t('links_none')}</p>`
        : html`<ul class="tally links">${list(answer.links).map((link, i) => html`<li key=${i}><span class="n">${number(link.messages)}</span>
          <span class="tag">${word('indicator', link.type)}</span> <${Foreign} text=${link.value} most=${160} /></li>`)}</ul>`}`;
  }
  render({ id }) {
    const { answer, problem } = this.state;
    if (problem) {
      return html`<h1>${t('campaign')}</h1><p class="problem" role="alert">${problem.words}</p>`;
    }
    if (!answer) {
      return html`<h1>${t('campaign')}</h1><p class="quiet" role="status">${t('loading')}</p>`;
    }
    return html`<h1>${t('campaign')} <${Foreign} text=${id} most=${20} /> <span class="n">${number(answer.messages)} ${t('messages')}</span></h1>
      <section class="card"><h2>${t('by_day')}</h2><${Days} days=${answer.days} width=${12} height=${90} name="days" />
        <p><${Time} ms=${answer.first} /> — <${Time} ms=${answer.last} /></p></section>
      <section class="card"><h2>${t('template')}</h2>${this.content(answer)}</section>
      <div class="columns"><${Tally} rows=${answer.recipients} label=${t('recipients_n', { n: number(answer.recipient_count) })} most=${24} /><${Tally} rows=${answer.senders} label=${t('sender')} />
        <${Tally} rows=${answer.clients} label=${t('client')} /></div>
      <section class="card"><h2>${t('members')}</h2><ul class="members">${list(answer.members).map((m) => html`<li key=${m.entry}><a class="row-link" href=${'#/message/' + encodeURIComponent(m.id)}><${Time} ms=${m.time} /></a>
        <${Badge} action=${m.action} /> <${Foreign} text=${m.from || '<>'} most=${60} /> → <${Foreign} text=${list(m.to)[0]} most=${60} />${list(m.to).length > 1 && ' +' + number(list(m.to).length - 1)}
        ${m.subject && html` <span class="quiet"><${Foreign} text=${m.subject} most=${80} /></span>`}</li>`)}</ul></section>`;
  }
}

export class Campaigns extends Component {
  componentDidMount() {
    this.read();
  }
  async read() {
    try {
      this.setState({ answer: await ask('GET', '/v1/campaigns') });
    } catch (problem) {
      this.setState({ problem });
    }
  }
  render({ id }) {
    if (id) {
      return html`<${One} id=${id} />`;
    }
    const { answer, problem } = this.state, rows = list(answer?.campaigns);
    return html`<h1>${t('campaigns')}</h1><p class="quiet">${t('campaigns_words')}</p>
      ${problem && html`<p class="problem" role="alert">${problem.words}</p>`}
      ${!answer && !problem && html`<p class="quiet" role="status">${t('loading')}</p>`}
      ${answer && rows.length === 0 && html`<p class="empty">${t('campaigns_none')}</p>`}
      ${rows.length > 0 && html`<div class="scroll"><table><thead><tr><th scope="col">${t('campaign')}</th><th scope="col" class="n">${t('messages')}</th><th scope="col">${t('days_14')}</th>
        <th scope="col">${t('first_seen')}</th><th scope="col">${t('last_seen')}</th></tr></thead><tbody>${rows.map((one) => html`<${Row} key=${one.campaign} one=${one} />`)}</tbody></table></div>`}
      ${answer?.more && html`<p class="quiet">${t('campaigns_more')}</p>`}`;
  }
}
