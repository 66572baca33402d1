// What all pages are drawn with: Preact and htm, bound together; and the one state that they share.
import { h, render, Component } from './lib/preact.js';
import htm from './lib/htm.js';

export { render, Component };
export const html = htm.bind(h);

// The state of the page. Change it with set(); whoever listens is drawn again, once a turn.
export const state = {
  language: 'ja', session: null, words: { finding: {}, action: {} }, place: '', stream: 'off', keeper: true,
  alarms: null, alarmsOpen: 0, said: '', problem: null, help: false,
};

// After a page has changed: a screen reader reads its heading, and Tab goes on from there.
export function focusHeading() {
  const heading = document.querySelector('#content h1');
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
}

const listeners = new Set();
let waiting = false;

export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function set(change) {
  Object.assign(state, change);
  if (!waiting) {
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      for (const listener of listeners) {
        listener();
      }
    });
  }
}
