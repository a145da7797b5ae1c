/** Short notes at the edge of the page that go away by themselves. */

export interface Toast {
  id: number;
  text: string;
  kind: 'done' | 'wrong';
}

const SHOWN_MS = 6000;

const state = $state<{ toasts: Toast[] }>({ toasts: [] });
let next = 1;

export const toasts = (): Toast[] => state.toasts;

export function tell(text: string, kind: Toast['kind'] = 'done'): void {
  const id = next++;
  state.toasts.push({ id, text, kind });
  setTimeout(() => dismiss(id), SHOWN_MS);
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
