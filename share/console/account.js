// Signing in, and one's own sign-ins.
import { html, Component, state, set } from './draw.js';
import { ask, stopLive } from './ask.js';
import { t } from './words.js';
import { Foreign, Time } from './text.js';

export class SignIn extends Component {
  componentDidMount() {
    this.name?.focus();
  }
  async signIn(event) {
    event.preventDefault();
    this.setState({ busy: true, problem: null });
    try {
      const session = await ask('POST', '/v1/session', { name: this.name.value.trim(), password: this.password.value });
      this.password.value = '';
      set({ session });
    } catch (problem) {
      this.setState({ busy: false, problem });
      this.password?.select();
    }
  }
  render() {
    const { busy, problem } = this.state;
    return html`<div class="gate"><h1>${t('sign_in')}</h1><p>${t('sign_in_words')}</p>
      ${state.session?.ended && html`<p role="status">${t('signed_out')}</p>`}
      ${state.session?.any_account === false && html`<div class="card"><p>${t('no_account')}</p><pre tabindex="0">sekisho account add hanako --role operator</pre></div>`}
      <form class="card" onSubmit=${(e) => this.signIn(e)} aria-describedby="sign-in-problem">
        <div class="field"><label for="name">${t('name')}</label>
          <input id="name" name="name" required autocomplete="username" autocapitalize="none" spellcheck=${false} maxlength="64" ref=${(e) => { this.name = e; }} /></div>
        <div class="field"><label for="password">${t('password')}</label>
          <input id="password" name="password" type="password" required autocomplete="current-password" maxlength="1024" ref=${(e) => { this.password = e; }} /></div>
        <p id="sign-in-problem" class="problem" role="alert">${problem ? problem.words : ''}</p>
        <button type="submit" class="strong" disabled=${busy}>${t('sign_in')}</button></form></div>`;
  }
}

export async function signOut() {
  stopLive();
  try {
    await ask('DELETE', '/v1/session');
  } catch { /* over in any case */ }
  // The next person begins at the beginning.
  history.replaceState(null, '', location.pathname);
  set({ session: { signed_in: false }, alarms: null, alarmsOpen: 0 });
}

export class Account extends Component {
  componentDidMount() {
    this.read();
  }
  async read() {
    try {
      this.setState({ sessions: (await ask('GET', '/v1/sessions')).sessions });
    } catch (problem) {
      this.setState({ problem });
    }
  }
  async end(session) {
    if (session.this) {
      await signOut();
      return;
    }
    try {
      await ask('DELETE', '/v1/sessions/' + encodeURIComponent(session.id));
    } catch (problem) {
      this.setState({ problem });
    }
    this.read();
  }
  render() {
    const role = state.session.role;
    return html`<h1><${Foreign} text=${state.session.name} most=${64} /></h1>
      <section class="card"><dl class="facts"><div><dt>${t('you_are')}</dt><dd>${t('role_' + role)}</dd></div><div><dt>${t('may')}</dt><dd>${t('may_' + role)}</dd></div></dl></section>
      <section class="card" aria-labelledby="sessions-title"><h2 id="sessions-title">${t('sessions')}</h2>
        ${this.state.problem && html`<p class="problem" role="alert">${this.state.problem.words}</p>`}
        <div class="scroll"><table><thead><tr><th scope="col">${t('began')}</th><th scope="col">${t('from_address_of')}</th><th scope="col">${t('end')}</th></tr></thead>
        <tbody>${(this.state.sessions ?? []).map((s) => html`<tr key=${s.id}><td data-label=${t('began')}><${Time} ms=${s.began} /> ${s.this && html`<span class="tag">${t('this_one')}</span>`}</td>
          <td data-label=${t('from_address_of')}><${Foreign} text=${s.from} most=${45} /></td><td><button type="button" onClick=${() => this.end(s)}>${s.this ? t('sign_out') : t('end')}</button></td></tr>`)}</tbody></table></div></section>`;
  }
}
