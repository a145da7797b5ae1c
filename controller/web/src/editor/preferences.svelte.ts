/** How somebody likes the page, remembered by the browser. */

interface Preferences {
  /** Of code and output, in pixels. */
  letters: number;
  /** The editor's part of the width, in percent. */
  width: number;
  areInputsOpen: boolean;
}

const KEY = 'ruche.editor';
const USUAL: Preferences = { letters: 15, width: 58, areInputsOpen: true };

export const SMALLEST = 10;
export const LARGEST = 40;
export const NARROWEST = 25;
export const WIDEST = 80;

function remembered(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>;
    return {
      letters: within(kept.letters, SMALLEST, LARGEST, USUAL.letters),
      width: within(kept.width, NARROWEST, WIDEST, USUAL.width),
      areInputsOpen: kept.areInputsOpen ?? USUAL.areInputsOpen,
    };
  } catch {
    return { ...USUAL };
  }
}

function within(value: unknown, least: number, most: number, usual: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : usual;
}

const state = $state(remembered());

export const preferences = (): Readonly<Preferences> => state;

export function prefer(change: Partial<Preferences>): void {
  Object.assign(state, change);
  state.letters = within(state.letters, SMALLEST, LARGEST, USUAL.letters);
  state.width = within(state.width, NARROWEST, WIDEST, USUAL.width);
  localStorage.setItem(KEY, JSON.stringify(state));
}
