// Asking the clerk. Every answer is JSON; what goes wrong is an Error with the clerk's own words in both languages.
import { state, set } from './draw.js';
import { t } from './words.js';

export class Refused extends Error {
  constructor(status, body) {
    super(state.language === 'ja' ? body.ja : body.en);
    this.status = status;
    this.kind = body.error;
    this.body = body;
  }
  get words() {
    return (state.language === 'ja' ? this.body.ja : this.body.en) || t('network');
  }
}

export async function ask(method, path, body) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  if (method !== 'GET' && state.session?.token) {
    headers['X-Sekisho-Token'] = state.session.token;
  }
  let answer, value;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', redirect: 'error' });
    value = await answer.json();
  } catch {
    throw new Refused(0, { error: 'network' });
  }
  if (answer.status === 401 && value.error === 'sign_in' && state.session?.signed_in) {
    set({ session: { signed_in: false, ended: true } });
  }
  if (!answer.ok) {
    throw new Refused(answer.status, value);
  }
  return value;
}

// The live stream: one connection for the whole page; pages listen to it by kind.
const hearers = new Map();
let source = null, last = '', beginning = 0;

export function hear(kind, hearer) {
  if (!hearers.has(kind)) {
    hearers.set(kind, new Set());
  }
  hearers.get(kind).add(hearer);
  return () => hearers.get(kind).delete(hearer);
}

function heard(event) {
  if (event.lastEventId) {
    last = event.lastEventId;
  }
  let value;
  try {
    value = JSON.parse(event.data);
  } catch {
    return;
  }
  for (const hearer of hearers.get(event.type) ?? []) {
    hearer(value, event.lastEventId);
  }
}

export function listenLive() {
  if (source !== null || !state.session?.signed_in) {
    return;
  }
  source = new EventSource('/v1/stream' + (last ? '?last=' + encodeURIComponent(last) : '?recent=1'));
  source.onopen = () => set({ stream: 'on' });
  source.onerror = () => {
    set({ stream: 'off' });
    // The browser tries again by itself, but not after an answer like 401 or 503.
    if (source?.readyState === EventSource.CLOSED) {
      stopLive();
      clearTimeout(beginning);
      beginning = setTimeout(async () => {
        try {
          set({ session: await ask('GET', '/v1/session') });
        } catch { /* tried again below */ }
        listenLive();
      }, 3000);
    }
  };
  for (const kind of ['message', 'alarm', 'look', 'record', 'keeper', 'missed']) {
    source.addEventListener(kind, heard);
  }
}

export function stopLive() {
  source?.close();
  source = null;
  set({ stream: 'off' });
}
