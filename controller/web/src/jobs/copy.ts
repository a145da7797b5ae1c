import { tell } from '../shared/toast.svelte';
import { t } from './text';

/** Puts a text on the clipboard; says so where the browser does not let it. Returns whether it is there. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    tell(t().noCopy, 'wrong');
    return false;
  }
}
