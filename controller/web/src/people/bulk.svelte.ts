/** Many accounts at once, a few at a time, with a pause where the controller asks for one. */

import { Problem } from '../shared/api';
import { addUser, changeGroup } from './calls';
import type { Person } from './names';
import { generate } from './passwords';
import { inTurns } from './turns';
import { why } from './words';

/** As many passwords as the controller works on at once. */
const AT_ONCE = 2;
const TRIES = 5;

export interface Made extends Person {
  password: string;
  /** Why there is no such account. */
  problem?: string;
}

export class Bulk {
  all = $state(0);
  made = $state<Made[]>([]);
  isBusy = $state(false);
  /** Why they are not in their group. */
  groupProblem = $state<string>();

  get good(): Made[] {
    return this.made.filter((one) => one.problem === undefined);
  }

  get bad(): Made[] {
    return this.made.filter((one) => one.problem !== undefined);
  }

  /** Makes the accounts, and puts those that were made into the group, which is made too where there is none. */
  async make(people: readonly Person[], group: string): Promise<void> {
    this.all = people.length;
    this.made = [];
    this.groupProblem = undefined;
    this.isBusy = true;
    await inTurns(people, AT_ONCE, async (person) => {
      const password = generate();
      try {
        await patiently(() => addUser({ name: person.name, role: 'user', password }));
        this.made.push({ ...person, password });
      } catch (error) {
        this.made.push({ ...person, password: '', problem: why(error) });
      }
    });
    this.made.sort((a, b) => a.name.localeCompare(b.name));
    try {
      if (group !== '' && this.good.length > 0) await changeGroup(group, { add: this.good.map((one) => one.name) });
    } catch (error) {
      this.groupProblem = why(error);
    }
    this.isBusy = false;
  }
}

async function patiently<T>(what: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await what();
    } catch (error) {
      if (!(error instanceof Problem) || error.retryAfter === undefined || tries === TRIES) throw error;
      const { retryAfter } = error;
      await new Promise((done) => setTimeout(done, retryAfter * 1000));
    }
  }
}
