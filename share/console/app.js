// The console: which page is shown, what stands around it, and the keys. Pages stand in files of their own.
import { html, render, Component, state, set, listen, focusHeading } from './draw.js';
import { ask, listenLive, stopLive } from './ask.js';
import { t, speak, speakFirst } from './words.js';
import { Live, togglePause } from './live.js';
import { Message } from './message.js';
import { Threats } from './threats.js';
import { Campaigns } from './campaigns.js';
import { Search } from './search.js';
import { Ledger } from './ledger.js';
import { Looks } from './looks.js';
import { Account, SignIn, signOut } from './account.js';
import { readAlarms } from './alarms.js';
import { number } from './text.js';

const PAGES = [
  { name: 'live', key: 'l', draw: Live, roles: ['operator', 'reviewer'] },
  { name: 'threats', key: 't', draw: Threats, roles: ['operator', 'reviewer', 'auditor'] },
  { name: 'campaigns', key: 'c', draw: Campaigns, roles: ['operator', 'reviewer'] },
  { name: 'search', key: 's', draw: Search, roles: ['operator', 'reviewer'] },
  { name: 'ledger', key: 'd', draw: Ledger, roles: ['operator', 'reviewer', 'auditor'] },
  { name: 'looks', key: 'k', draw: Looks, roles: ['auditor'] },
  { name: 'account', key: 'a', draw: Account, roles: ['operator', 'reviewer', 'auditor'] },
];
const mine = () => PAGES.filter((page) => page.roles.includes(state.session.role));

function place() {
  const [name, ...rest] = location.hash.replace(/^#\//, '').split('/');
  let id = rest.join('/');
  try {
    id = decodeURIComponent(id);
  } catch { /* as it is */ }
  return { name, id };
}

function Help() {
  const rows = [['?', t('key_help')], ...mine().map((p) => [t('keys_go') + ' ' + p.key, t(p.name)]), ['/', t('key_search')], ['p', t('key_pause')],
    ['j k', t('key_move')], ['Enter', t('key_open')], ['L', t('key_language')], ['Esc', t('close')]];
  return html`<dialog id="help" aria-labelledby="help-title" onClose=${() => set({ help: false })}><h2 id="help-title">${t('help')}</h2>
    <dl class="keys">${rows.map(([key, words]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}</dl>
    <form method="dialog"><button type="submit">${t('close')}</button></form></dialog>`;
}

function Top() {
  const signed = state.session?.signed_in, name = place().name;
  const here = signed && !mine().some((p) => p.name === name) && name !== 'message' ? mine()[0].name : name;
  return html`<header class="top"><a class="skip" href="#content" onClick=${(e) => { e.preventDefault(); document.querySelector('#content')?.focus(); }}>${t('skip')}</a>
    <a class="brand" href="#/live"><img src="icon.svg" alt="" width="28" height="28" /><span>${t('title')}</span></a>
    ${signed && html`<nav aria-label=${t('navigation')}><ul>${mine().map((p) => html`<li key=${p.name}><a href=${'#/' + p.name} aria-current=${here === p.name ? 'page' : undefined}>${t(p.name)}
      ${p.name === 'threats' && state.alarmsOpen > 0 && html` <span class="count">${number(state.alarmsOpen)}</span>`}</a></li>`)}</ul></nav>`}
    <div class="tools"><button type="button" id="language" lang=${state.language === 'ja' ? 'en' : 'ja'} onClick=${() => speak(state.language === 'ja' ? 'en' : 'ja')}>${t('other_language')}</button>
      ${signed && html`<button type="button" id="help-button" aria-label=${t('help')} onClick=${openHelp}>?</button>
        <button type="button" id="sign-out" onClick=${signOut}>${t('sign_out')}</button>`}</div></header>`;
}

function Banner() {
  return html`${state.alarmsOpen > 0 && place().name !== 'threats' && html`<div class="call banner" role="alert"><b>${t('call_110')}</b>
      <span>${t('alarm_banner', { n: number(state.alarmsOpen) })}</span> ${' '}<a href="#/threats">${t('alarm_open')}</a></div>`}
    ${!state.keeper && html`<div class="problem banner" role="alert">${t('keeper_away')}</div>`}`;
}

class App extends Component {
  componentDidMount() {
    listen(() => this.setState({}));
  }
  page() {
    const { name, id } = place();
    if (name === 'message' && id && state.session.role !== 'auditor') {
      return html`<${Message} id=${id} />`;
    }
    const page = mine().find((p) => p.name === name) ?? mine()[0];
    return html`<${page.draw} key=${page.name} id=${page.name === name ? id : ''} />`;
  }
  render() {
    if (state.session === null) {
      return html`<${Top} /><main id="content" tabindex="-1"><p role="status">${t('loading')}</p>${state.problem && html`<p class="problem" role="alert">${state.problem.words}</p>`}</main>`;
    }
    const signed = state.session.signed_in;
    return html`<${Top} />${signed && html`<${Banner} />`}
      <main id="content" tabindex="-1">${signed ? this.page() : html`<${SignIn} />`}</main>
      ${signed && state.help && html`<${Help} />`}
      <div class="hidden" role="status" aria-live="polite">${state.said}</div>`;
  }
}

function openHelp() {
  set({ help: true });
  setTimeout(() => document.querySelector('#help')?.showModal?.(), 0);
}

// Keys: single letters, only outside of fields.
let going = 0;
function moveInList(step) {
  const links = [...document.querySelectorAll('a.row-link')];
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !state.session?.signed_in || event.target.closest('input, textarea, select, dialog')) {
    return;
  }
  const key = event.key;
  if (Date.now() - going < 1500) {
    going = 0;
    const page = mine().find((p) => p.key === key);
    if (page) {
      event.preventDefault();
      location.hash = '#/' + page.name;
    }
    return;
  }
  const acts = {
    g: () => { going = Date.now(); }, '?': openHelp, p: togglePause, L: () => speak(state.language === 'ja' ? 'en' : 'ja'),
    j: () => moveInList(1), k: () => moveInList(-1), '/': () => { location.hash = '#/search'; setTimeout(() => document.querySelector('form.search input')?.focus(), 50); },
  };
  if (Object.hasOwn(acts, key)) {
    event.preventDefault();
    acts[key]();
  }
}

// A new page: its heading gets the focus, so that a screen reader reads it and Tab goes on from there.
function onPlace(event) {
  set({ place: location.hash });
  setTimeout(() => {
    const heading = document.querySelector('#content h1');
    if (event && !document.activeElement?.closest('form')) {
      focusHeading();
      window.scrollTo(0, 0);
    }
    document.title = (heading?.innerText ? heading.innerText.replace(/\s+/g, ' ').slice(0, 60) + ' — ' : '') + t('title');
  }, 30);
}

let watched = '';
listen(() => {
  const signed = state.session?.signed_in ? state.session.session : '';
  if (signed !== watched) {
    watched = signed;
    if (signed) {
      stopLive();
      listenLive();
      readAlarms();
      onPlace();
    } else {
      stopLive();
    }
  }
});

speakFirst();
render(html`<${App} />`, document.querySelector('#app'));
addEventListener('hashchange', onPlace);
addEventListener('keydown', onKey);
try {
  const [session, words] = await Promise.all([ask('GET', '/v1/session'), ask('GET', '/v1/words')]);
  set({ session, words: { finding: words.finding ?? {}, action: words.action ?? {} } });
} catch (problem) {
  set({ problem });
}
