// Where a message came from, as the checkpoint states it (docs/ORIGIN.md): the road as a picture, what is proved, claimed and
// unknown, what else fits, and whom to ask. All words come with the statement, in both languages; this page draws them.
import { html, state } from './draw.js';
import { t } from './words.js';
import { harmless, moment, Time } from './text.js';

const list = (value) => (Array.isArray(value) ? value : []);
const say = (words) => harmless(words?.[state.language === 'ja' ? 'ja' : 'en'] ?? '');

// The picture: one row a station, the farthest at the top. Text that is too long for it is cut here, and whole in the list.
const WIDTH = 620, LEFT = 34, TEXT = 72, LINE = 19, ROOM = 62;

function wide(character) {
  return character.codePointAt(0) >= 0x1100 ? 2 : 1;
}

function cut(text, room) {
  const characters = Array.from(harmless(text));
  let used = 0, i = 0;
  while (i < characters.length && used + wide(characters[i]) <= room) {
    used += wide(characters[i++]);
  }
  return i === characters.length ? characters.join('') : characters.slice(0, Math.max(0, i - 1)).join('') + '…';
}

function place(station) {
  return [station.ip, station.country, station.as && 'AS' + station.as, station.as_name,
    ...['tor', 'proxy', 'hosting', 'private'].filter((kind) => station[kind])].filter(Boolean).join(' ');
}

function handover(station) {
  return [typeof station.epoch === 'number' ? moment(station.epoch * 1000) : '', station.with, station.id && 'id ' + station.id].filter(Boolean).join(' · ');
}

// What stands beside a station: each line with its class. A hostile name has a line of its own.
function linesOf(station) {
  const name = station.kind?.name;
  return [['road-kind', say(station.kind)],
    ['road-host', station.host ? cut(station.host, ROOM) + (station.host_verified ? ' ✓' : '') : ''],
    ['road-small', place(station)], ['road-small', handover(station)],
    ['road-vouch', name === 'station_us' ? '' : say(station.vouch)]].filter((line) => line[1] !== '');
}

const VOUCHED = ['seen', 'told', 'trusted'];
const strength = (station) => (VOUCHED.includes(station.vouch?.name) ? 'sure' : station.vouch?.name === 'claimed_only' ? 'word' : 'fits');

function Node({ kind, y }) {
  switch (kind) {
    case 'station_source': return html`<circle class="road-node road-full" cx=${LEFT} cy=${y} r="9" />`;
    case 'station_trusted': return html`<rect class="road-node road-full" x=${LEFT - 9} y=${y - 9} width="18" height="18" />`;
    case 'station_us': return html`<g class="road-gate"><path d=${`M${LEFT - 18} ${y - 12}h36M${LEFT - 14} ${y - 5}h28M${LEFT - 10} ${y - 12}v24M${LEFT + 10} ${y - 12}v24`} /></g>`;
    default: return html`<circle class="road-node road-hollow" cx=${LEFT} cy=${y} r="9" />`;
  }
}

// The border of trust is drawn as a gate across the whole road.
function Gate({ y, words }) {
  return html`<g class="road-gate"><path d=${`M${LEFT - 26} ${y}H${WIDTH - 8}M${LEFT - 20} ${y + 7}h40M${LEFT - 13} ${y}v26M${LEFT + 13} ${y}v26`} /></g>
    <text class="road-border" x=${TEXT} y=${y + 21}>${cut(words, ROOM + 6)}</text>`;
}

function layOut(stations, road) {
  const rows = [];
  let y = 22;
  stations.forEach((station, i) => {
    if (road.dropped?.before === i) {
      rows.push({ dropped: say(road.dropped), y });
      y += 30;
    }
    const lines = linesOf(station);
    rows.push({ station, lines, y });
    y += lines.length * LINE + 14;
    if (station.kind?.name === 'station_source') {
      rows.push({ gate: say(road.border), y: y - 6 });
      y += 40;
    }
  });
  return { rows, height: y + 2 };
}

function Row({ row, next }) {
  if (row.gate !== undefined) {
    return html`<${Gate} y=${row.y} words=${row.gate} />`;
  }
  if (row.dropped !== undefined) {
    return html`<text class="road-small" x=${TEXT} y=${row.y + 5}>${cut(row.dropped, ROOM)}</text>`;
  }
  const { station, lines, y } = row;
  return html`<g>${next !== undefined && html`<path class=${'road-way road-' + strength(station)} d=${`M${LEFT} ${y + 9}V${next - 12}`} />`}
    <${Node} kind=${station.kind?.name} y=${y} />
    ${lines.map(([name, words], i) => html`<text key=${i} class=${name} x=${TEXT} y=${y + 5 + i * LINE}>${cut(words, name === 'road-host' ? ROOM + 3 : ROOM)}</text>`)}</g>`;
}

function Picture({ road }) {
  const stations = list(road.stations).filter((station) => station && typeof station === 'object');
  const { rows, height } = layOut(stations, road);
  const ys = rows.filter((row) => row.station).map((row) => row.y);
  return html`<svg class="road-picture" role="img" viewBox=${`0 0 ${WIDTH} ${height}`} aria-labelledby="road-svg-title road-svg-desc">
    <title id="road-svg-title">${say(road)}</title><desc id="road-svg-desc">${t('road_described', { n: stations.length })}</desc>
    ${rows.map((row, i) => html`<${Row} key=${i} row=${row} next=${row.station && ys[ys.indexOf(row.y) + 1]} />`)}</svg>`;
}

function Key() {
  const line = (name) => html`<svg class="road-key" viewBox="0 0 40 10" aria-hidden="true"><path class=${'road-way road-' + name} d="M2 5H38" /></svg>`;
  return html`<p class="road-keys quiet"><span>${line('sure')} ${t('road_sure')}</span> <span>${line('fits')} ${t('road_fits')}</span> <span>${line('word')} ${t('road_word')}</span></p>`;
}

// The same for screen readers, and whole where the picture cuts.
function Stations({ road }) {
  return html`<ol class="hidden road" aria-label=${say(road)}>${list(road.stations).map((station, i) => html`<li key=${i} class=${station?.kind?.name === 'station_us' ? 'us' : ''}>
    ${say(station?.kind)}${station?.host && html` <bdi dir="ltr" translate="no">${harmless(station.host)}</bdi>`} ${harmless(place(station ?? {}))} ${harmless(handover(station ?? {}))}.
    ${station?.kind?.name === 'station_us' ? '' : say(station?.vouch)}.${station?.kind?.name === 'station_source' ? ' ' + say(road.border) : ''}</li>`)}</ol>`;
}

export function Road({ statement }) {
  const road = statement?.road;
  return html`<section class="card" aria-labelledby="road-title"><h2 id="road-title">${t('road')}</h2>
    ${list(road?.stations).length === 0 ? html`<p class="quiet">${t('hop_none')}</p>` : html`<${Picture} road=${road} /><${Key} /><${Stations} road=${road} />`}</section>`;
}

const Words = ({ of }) => html`<bdi dir="ltr">${say(of)}</bdi>`;

function Lines({ of }) {
  return list(of).length === 0 ? html`<p class="quiet">${t('none')}</p>` : html`<ul>${list(of).map((line, i) => html`<li key=${i}><${Words} of=${line} /></li>`)}</ul>`;
}

function Explanation({ line, decided }) {
  const numbers = list(line.questions).map((n) => '(' + (n + 1) + ')').join(' ');
  return html`<li><${Words} of=${line} />${numbers && html` <span class="tag">${say(decided)}: ${numbers}</span>`}</li>`;
}

function Question({ question, words }) {
  return html`<li><b><${Words} of=${question.whom} /></b><div><${Words} of=${question.what} /></div>
    <div class="quiet">${question.until && html`<b><${Words} of=${question.until} /></b> `}<${Words} of=${question.kept} /></div>
    ${list(question.named).length > 0 && html`<details><summary>${say(words)}</summary><${Lines} of=${question.named} /></details>`}</li>`;
}

export function Statement({ statement }) {
  if (!statement || typeof statement !== 'object') {
    return '';
  }
  const { explanations, questions } = statement;
  return html`<section class="card statement" aria-labelledby="statement-title"><h2 id="statement-title">${say(statement.title)}</h2>
    <p class="not-a-person"><b>${say(statement.always)}</b></p>
    <div><${Lines} of=${statement.grade?.reasons} /></div>
    <div class="statement-parts">${list(statement.sections).map((section, i) => html`<div key=${i}><h3>${say(section)}</h3><${Lines} of=${section?.lines} /></div>`)}</div>
    <h3>${say(explanations)}</h3><ul class="explanations">${list(explanations?.lines).map((line, i) => html`<${Explanation} key=${i} line=${line ?? {}} decided=${questions?.decided_by} />`)}</ul>
    <h3>${say(questions)}</h3><p class="quiet">${say(questions?.law)}</p>
    <ol class="questions">${list(questions?.lines).map((question, i) => html`<${Question} key=${i} question=${question ?? {}} words=${questions.name_in_it} />`)}</ol>
    ${typeof statement.arrived === 'number' && html`<p class="quiet"><${Time} ms=${statement.arrived * 1000} /></p>`}</section>`;
}
