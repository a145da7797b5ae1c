/** Short notes at the edge of the page that go away by themselves. */

/** What a note offers, as to undo. */
export interface Offer {
  title: string;
  run: () => void;
}

export interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'wrong';
  offer: Offer | undefined;
}

const SHOWN_MS = 6000;
/** Who is offered something needs time to take it. */
const OFFERED_MS = 15_000;

const state = $state<{ toasts: Toast[] }>({ toasts: [] });
let next = 1;

export const toasts = (): Toast[] => state.toasts;

export function tell(text: string, kind: Toast['kind'] = 'done', offer?: Offer): void {
  const id = next++;
  state.toasts.push({ id, text, kind, offer });
  setTimeout(() => dismiss(id), offer ? OFFERED_MS : SHOWN_MS);
}

export function dismiss(id: number): void {
  state.toasts = state.toasts.filter((toast) => toast.id !== id);
}

/** Does something; what goes wrong is told. Returns whether it went well. */
export async function attempt(what: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await what();
  } catch (error) {
    tell((error as Error).message, 'wrong');
    return false;
  }
  if (done) tell(done);
  return true;
}
