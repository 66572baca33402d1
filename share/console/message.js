// One message: verdict and reasons for each recipient with their legal grounds, papers, the road it came, its content for
// those who may read it, and what became of it.
import { html, Component, state, focusHeading } from './draw.js';
import { ask } from './ask.js';
import { t, word, findingWords } from './words.js';
import { Foreign, Time, number, size } from './text.js';
import { Badge, Sender, Class } from './live.js';
import { Road, Statement } from './road.js';

const list = (value) => (Array.isArray(value) ? value : []);

function Facts({ rows }) {
  return html`<dl class="facts">${rows.filter((row) => row[1] !== undefined && row[1] !== '' && row[1] !== null)
    .map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

const text = (value, most = 300) => (value === undefined || value === '' ? undefined : html`<${Foreign} text=${value} most=${most} />`);

function Paper({ name, result, detail }) {
  const good = result === 'pass', bad = ['fail', 'permerror'].includes(result);
  return html`<li class=${'paper ' + (good ? 'good' : bad ? 'bad' : 'dim')}><span aria-hidden="true" class="seal">${good ? '✓' : bad ? '✕' : '–'}</span>
    <span class="paper-name">${name}</span> <span><${Foreign} text=${result ?? '—'} most=${20} /></span>
    ${detail && html`<span class="quiet"><${Foreign} text=${detail} most=${80} /></span>`}</li>`;
}

function Papers({ origin }) {
  const grade = /^[A-E]$/.test(origin.grade) ? origin.grade : '';
  return html`<section class="card" aria-labelledby="papers-title"><h2 id="papers-title">${t('papers')}</h2>
    ${grade && html`<p class="grade"><span class=${'grade-letter grade-' + grade}>${grade}</span> ${t('grade')}: ${t('grade_' + grade)}</p>`}
    <ul class="papers"><${Paper} name="SPF" result=${origin.spf?.result} detail=${origin.spf?.domain} />
      ${list(origin.dkim).map((d, i) => html`<${Paper} key=${i} name="DKIM" result=${d?.result} detail=${d?.domain} />`)}
      ${list(origin.dkim).length === 0 && html`<${Paper} name="DKIM" result="none" />`}
      <${Paper} name="DMARC" result=${origin.dmarc?.result} detail=${[origin.dmarc?.from_domain, origin.dmarc?.policy && 'p=' + origin.dmarc.policy].filter(Boolean).join(' ')} />
      <${Paper} name="iprev" result=${origin.iprev} detail=${origin.client_name} /></ul>
    <p class="quiet">${t('not_a_person')}</p></section>`;
}

function Reason({ finding, families }) {
  const ground = families?.[finding.family];
  return html`<li><span class=${'weight ' + (finding.weight > 0 ? 'against' : 'for')}>${finding.weight > 0 ? '+' : ''}${Number(finding.weight ?? 0).toFixed(2)}</span>
    <span><${Foreign} text=${findingWords(finding.name)} most=${200} />${finding.detail && html`: <${Foreign} text=${finding.detail} most=${200} />`}</span>
    <span class="tag">${word('family', finding.family)}${ground && html` · ${word('ground', ground)}`}</span></li>`;
}

function Recipient({ message, content, i }) {
  const r = list(message.recipients)[i] ?? {}, address = list(message.to)[i] ?? '?';
  const share = list(content?.rests_on).find((one) => one?.number === i || (one?.number === undefined && one?.to === address));
  const families = { ...r.families, ...share?.families };
  const pick = (record, numbers) => list(numbers).map((n) => list(record?.findings)[n]).filter((f) => f && typeof f === 'object');
  const reasons = [...pick(message, r.reasons), ...pick(content, share?.reasons)].sort((a, b) => Math.abs(b.weight ?? 0) - Math.abs(a.weight ?? 0));
  const score = share?.score ?? r.score;
  return html`<article class="recipient"><h3><${Foreign} text=${address} most=${120} /></h3>
    <p><${Badge} action=${r.action ?? ''} /> ${typeof score === 'number' && html`<span class="n">${t('score')} ${score.toFixed(2)}</span>`} 
      <span class="tag ground">${t('ground')}: ${word('ground', r.ground ?? 'none')}</span></p>
    ${r.reply && html`<p class="quiet">${t('reply')}: <${Foreign} text=${r.reply} /></p>`}
    <h4>${t('reasons')}</h4>${reasons.length === 0 ? html`<p class="quiet">${t('no_reasons')}</p>`
      : html`<ul class="reasons">${reasons.map((finding, k) => html`<${Reason} key=${k} finding=${finding} families=${families} />`)}</ul>`}
    <h4>${t('may_look')}</h4><ul class="families">${Object.entries(families).map(([family, ground]) => html`<li key=${family}><${Foreign} text=${word('family', family)} most=${40} />
      <span class="quiet"><${Foreign} text=${word('ground', ground)} most=${40} /></span></li>`)}</ul></article>`;
}

class Content extends Component {
  async read(event) {
    event.preventDefault();
    try {
      this.props.opened(await ask('POST', '/v1/messages/' + encodeURIComponent(this.props.id) + '/content', { reason: this.reason.value }));
      this.setState({ problem: null });
    } catch (problem) {
      this.setState({ problem });
    }
  }
  render({ answer }) {
    const m = answer.message ?? {}, c = answer.content ?? (m.subject !== undefined || m.text !== undefined ? m : null);
    const shown = answer.content_shown || this.props.shown;
    const threat = c?.threat ?? m.threat;
    return html`<section class="card" aria-labelledby="content-title"><h2 id="content-title">${t('content')}</h2>
      ${answer.content_purged ? html`<p>${t('content_purged')}</p>`
        : shown && c ? html`<${Facts} rows=${[[t('subject'), text(c.subject)], [t('from_name'), text(c.from_name)], [t('from_address'), text(c.from_address)], ['Message-ID', text(c.message_id)],
            [t('text_begins'), c.text && html`<${Foreign} text=${c.text} most=${400} lines />`],
            [t('threat'), threat && html`<span class="threat-word"><${Foreign} text=${word('threat', threat.kind ?? threat)} most=${40} /></span>`], [t('threat_words'), text(c.threat_words ?? threat?.words)], [t('threat_target'), text(c.threat_target)], [t('threat_where'), text(c.threat_where)],
            [t('threat_means'), text(c.threat_means)], [t('threat_when'), text(c.threat_when)],
            [t('indicators'), list(c.indicators).length === 0 ? undefined : html`<ul class="plain">${list(c.indicators).map((one, i) => html`<li key=${i}><span class="tag">${word('indicator', one?.type)}</span> <${Foreign} text=${one?.value} most=${160} /></li>`)}</ul>`]]} />`
        : shown || answer.content === undefined && this.props.asked ? html`<p>${t('content_none')}</p>`
        : html`<p>${t('content_withheld')}</p>`}
      ${!shown && !answer.content_purged && (state.session.role === 'reviewer'
        ? html`<form class="inline" onSubmit=${(e) => this.read(e)}><label for="reason">${t('reason')}</label>
          <input id="reason" name="reason" required maxlength="160" autocomplete="off" ref=${(e) => { this.reason = e; }} /><button type="submit">${t('read')}</button></form>`
        : html`<p class="quiet">${t('content_reviewer')}</p>`)}
      ${this.state.problem && html`<p class="problem" role="alert">${this.state.problem.words}</p>`}</section>`;
  }
}

function Outcomes({ outcomes }) {
  const rows = list(outcomes).flatMap((o) => list(o?.to).map((one) => ({ ...one, time: o.time })));
  return html`<section class="card" aria-labelledby="outcome-title"><h2 id="outcome-title">${t('outcomes')}</h2>
    ${rows.length === 0 ? html`<p class="quiet">${t('no_outcome')}</p>` : html`<ul class="outcomes">${rows.map((one, i) => html`<li key=${i}>
      <${Time} ms=${one.time} /> <${Foreign} text=${one.address} most=${120} />: <b>${word('outcome', one.outcome)}</b>
      ${one.reply && html` <span class="quiet"><${Foreign} text=${one.reply} /></span>`}</li>`)}</ul>`}</section>`;
}

export class Message extends Component {
  componentDidMount() {
    this.read();
  }
  componentDidUpdate(before) {
    if (before.id !== this.props.id) {
      this.read();
    }
  }
  async read() {
    this.setState({ answer: null, problem: null, shown: false });
    const id = this.props.id;
    try {
      const answer = await ask('GET', '/v1/messages/' + encodeURIComponent(id));
      if (id === this.props.id) {
        this.setState({ answer }, () => document.activeElement === document.body && focusHeading());
      }
    } catch (problem) {
      this.setState({ problem });
    }
  }
  render({ id }) {
    const { answer, problem, shown } = this.state;
    if (problem) {
      return html`<h1>${t('message')}</h1><p class="problem" role="alert">${problem.words}</p>`;
    }
    if (!answer) {
      return html`<h1>${t('message')}</h1><p class="quiet" role="status">${t('loading')}</p>`;
    }
    const m = answer.message, c = answer.content;
    if (!m) {
      return html`<h1>${t('message')} <${Foreign} text=${id} most=${64} /></h1><p>${t('purged')}</p><p>${t('entry')}: ${number(answer.entry)}</p>`;
    }
    const head = { ...m, category: c?.category ?? m.category, threat: c?.threat?.kind ?? c?.threat ?? m.threat };
    return html`<div class="message"><h1><${Badge} action=${m.action} /> <${Class} message=${head} /> <span class="h1-time"><${Time} ms=${m.time} /></span></h1>
      <p class="quiet">${t('message_id')} <code><${Foreign} text=${m.id} most=${64} /></code> · ${t('entry')} <span class="n">${number(answer.entry)}</span></p>
      ${Number.isInteger(c?.campaign) && html`<p>${t('campaign')}: <a href=${'#/campaigns/' + c.campaign}>${number(c.campaign)}</a></p>`}
      ${head.threat && html`<p class="call" role="alert">${t('call_110')}</p>`}
      <section class="card" aria-labelledby="verdict-title"><h2 id="verdict-title">${t('verdicts')}</h2>
        ${list(m.to).slice(0, 50).map((_, i) => html`<${Recipient} key=${i} message=${m} content=${c} i=${i} />`)}
        ${list(m.to).length > 50 && html`<p class="quiet">… ${number(list(m.to).length)}</p>`}</section>
      <div class="columns"><${Road} statement=${answer.statement} /><${Papers} origin=${m.origin ?? {}} /></div>
      <${Statement} statement=${answer.statement} />
      <section class="card" aria-labelledby="envelope-title"><h2 id="envelope-title">${t('where_to')}</h2>
        <${Facts} rows=${[[t('client'), text(m.client)], [t('rdns'), text(m.client_name)], [t('helo'), text(m.helo)], [t('tls'), text([m.tls_version, m.tls_cipher].filter(Boolean).join(' '))],
          [t('login'), text(m.user)], [t('sender'), html`<${Sender} address=${m.from} />`], [t('recipient'), text(list(m.to).join(', '), 500)], [t('size'), size(m.size)], [t('door'), text(m.door)]]} /></section>
      <${Content} id=${id} answer=${answer} shown=${shown} asked=${shown} opened=${(more) => this.setState({ answer: more, shown: true })} />
      <${Outcomes} outcomes=${answer.outcomes} /></div>`;
  }
}
