// Threats that wait for somebody, and those that somebody has taken on himself.
import { html, Component, state } from './draw.js';
import { ask } from './ask.js';
import { t, word } from './words.js';
import { Foreign, Time, number } from './text.js';
import { readAlarms } from './alarms.js';

class Alarm extends Component {
  async acknowledge(event) {
    event.preventDefault();
    try {
      await ask('POST', '/v1/alarms/' + encodeURIComponent(this.props.alarm.alarm) + '/acknowledge', { note: this.note.value });
      await readAlarms();
      document.querySelector('#content h1')?.focus();
    } catch (problem) {
      this.setState({ problem });
    }
  }
  render({ alarm }) {
    const id = 'alarm-' + String(alarm.alarm || alarm.campaign), done = alarm.state === 'acknowledged';
    return html`<article class=${done ? 'alarm done' : 'alarm'} aria-labelledby=${id}><h3 id=${id}>
        <${Foreign} text=${alarm.threat ? word('threat', alarm.threat) : word('about', alarm.about)} most=${40} />
        <span class="n">${t('seen_times', { n: number(alarm.count) })}</span></h3>
      <dl class="facts"><div><dt>${t('severity')}</dt><dd class="n">${number(alarm.severity)}</dd></div>
        <div><dt>${t('first_seen')}</dt><dd><${Time} ms=${alarm.first} /></dd></div><div><dt>${t('last_seen')}</dt><dd><${Time} ms=${alarm.last} /></dd></div>
        ${alarm.escalations > 0 && html`<div><dt>${t('escalated')}</dt><dd class="n">${number(alarm.escalations)}</dd></div>`}
        ${done && html`<div><dt>${t('acknowledged_by')}</dt><dd><${Foreign} text=${alarm.by} most=${64} /> <${Time} ms=${alarm.acknowledged} /></dd></div>`}
        ${done && alarm.note && html`<div><dt>${t('note')}</dt><dd><${Foreign} text=${alarm.note} most=${500} /></dd></div>`}</dl>
      ${alarm.message && state.session.role !== 'auditor' && html`<p><a href=${'#/message/' + encodeURIComponent(alarm.message)}>${t('open_message')}</a>
        <span class="quiet"> <code><${Foreign} text=${alarm.message} most=${64} /></code></span></p>`}
      ${!done && (state.session.role === 'operator' ? alarm.alarm && html`<form class="inline" onSubmit=${(e) => this.acknowledge(e)}>
        <label for=${id + '-note'}>${t('note')}</label><input id=${id + '-note'} maxlength="160" autocomplete="off" ref=${(e) => { this.note = e; }} />
        <button type="submit" class="strong">${t('acknowledge')}</button></form>` : html`<p class="quiet">${t('acknowledge_operator')}</p>`)}
      ${this.state.problem && html`<p class="problem" role="alert">${this.state.problem.words}</p>`}</article>`;
  }
}

export class Threats extends Component {
  componentDidMount() {
    readAlarms();
  }
  render() {
    const alarms = state.alarms ?? [];
    const open = alarms.filter((a) => a.state !== 'acknowledged'), done = alarms.filter((a) => a.state === 'acknowledged');
    return html`<h1 tabindex="-1">${t('threats')}</h1>
      ${open.length > 0 && html`<p class="call" role="alert">${t('call_110')}</p>`}
      <section aria-labelledby="open-title"><h2 id="open-title">${t('threats_open')}</h2>
        ${state.alarms === null ? html`<p class="quiet" role="status">${t('loading')}</p>` : open.length === 0 && html`<p class="empty">${t('threats_none')}</p>`}
        ${open.map((alarm) => html`<${Alarm} key=${alarm.alarm || alarm.campaign} alarm=${alarm} />`)}</section>
      ${done.length > 0 && html`<section aria-labelledby="done-title"><h2 id="done-title">${t('threats_done')}</h2>
        ${done.map((alarm) => html`<${Alarm} key=${alarm.alarm || alarm.campaign} alarm=${alarm} />`)}</section>`}`;
  }
}
