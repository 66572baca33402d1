// Alarms as the keeper tells them: read at the start, and again whenever something was kept about one.
import { state, set } from './draw.js';
import { ask, hear } from './ask.js';

let reading = false, again = false;

export async function readAlarms() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  try {
    const answer = await ask('GET', '/v1/alarms');
    const alarms = Array.isArray(answer.alarms) ? answer.alarms : [];
    set({ alarms, alarmsOpen: alarms.filter((a) => a.state !== 'acknowledged' && a.about !== 'test').length });
  } catch { /* the page says that the keeper is away */ }
  reading = false;
  if (again) {
    again = false;
    setTimeout(readAlarms, 200);
  }
}

hear('alarm', () => state.session?.signed_in && readAlarms());
// The keeper tells of an alarm right after the message that is its reason.
hear('message', (message) => message.threat && setTimeout(readAlarms, 300));
hear('keeper', (keeper) => set({ keeper: keeper.up === true }));
