// Text that strangers wrote, numbers and times, as people see them. Foreign text is only ever a text node: it is put on the
// page by Preact as text, in a <bdi> of its own so that it cannot turn what stands around it, with its controls shown.
import { html, state } from './draw.js';

// ASCII's own names of its controls: pictures of them (U+2400 and on) are missing in many fonts.
const names = ['NUL', 'SOH', 'STX', 'ETX', 'EOT', 'ENQ', 'ACK', 'BEL', 'BS', 'TAB', 'LF', 'VT', 'FF', 'CR', 'SO', 'SI', 'DLE', 'DC1', 'DC2', 'DC3', 'DC4',
  'NAK', 'SYN', 'ETB', 'CAN', 'EM', 'SUB', 'ESC', 'FS', 'GS', 'RS', 'US'];
// Controls, marks of direction, what is invisible or breaks a line, private and unpaired code units.
const harmful = new RegExp('[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f' +
  '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\uffff]|[\\u{e0000}-\\u{e0fff}]|\\p{Cs}', 'gu');

// Each harmful character by its name or number. Line ends stay where lines are shown.
export function harmless(text, lines) {
  return String(text ?? '').replace(harmful, (c) => {
    const code = c.codePointAt(0);
    return lines && code === 10 ? '\n' : '\u27e8' + (names[code] ?? 'U+' + code.toString(16).toUpperCase().padStart(4, '0')) + '\u27e9';
  });
}

export function Foreign({ text, most = 300, lines }) {
  const clean = harmless(text, lines);
  const characters = Array.from(clean.slice(0, most * 2 + 2));
  const cut = characters.length > most || clean.length > most * 2 + 2;
  const shown = cut ? characters.slice(0, most).join('') + '…' : clean;
  return html`<bdi class=${lines ? 'foreign lines' : 'foreign'} dir="auto" translate="no">${shown}</bdi>`;
}

const zone = 'Asia/Tokyo';
const formats = {};
function format(kind, options) {
  const key = kind + state.language;
  formats[key] ??= new Intl.DateTimeFormat(state.language === 'ja' ? 'ja-JP' : 'sv-SE', { timeZone: zone, hourCycle: 'h23', ...options });
  return formats[key];
}
export function clock(ms) {
  return format('clock', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(ms));
}
export function moment(ms) {
  return ms > 0 && ms < 8e15 ? format('moment', { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' })
    .format(new Date(ms)) + ' JST' : '—';
}
export function Time({ ms, short }) {
  return ms > 0 && ms < 8e15
    ? html`<time dateTime=${new Date(ms).toISOString()} title=${moment(ms)}>${short ? clock(ms) : moment(ms)}</time>` : '—';
}
export function number(n) {
  return new Intl.NumberFormat(state.language === 'ja' ? 'ja-JP' : 'en-GB').format(n ?? 0);
}
export function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let n = bytes ?? 0, i = 0;
  while (n >= 1024 && i < 3) {
    n /= 1024;
    i++;
  }
  return (i === 0 ? n : n.toFixed(1)) + ' ' + units[i];
}
