/** Which file is being renamed: it is so wherever its name stands. */

const state = $state<{ id: string | undefined }>({ id: undefined });

export const named = (): string | undefined => state.id;

export function name(id: string | undefined): void {
  state.id = id;
}
