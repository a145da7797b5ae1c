/** The work on the page, kept in this browser; and what can be done with its files. */

import type { LanguageInfo, SourceFile } from '../shared/types';
import { tell } from '../shared/toast.svelte';
import type { Place } from './diagnostics';
import { example } from './examples';
import { extension, languageOf, unused } from './files';
import { t as folders } from './foldersText';
import { t } from './text';
import { newId } from './tests';
import { isPristine, isText, ofKept, ofSource, toKept, type Work, type WorkFile, workOf } from './work';

const KEY = 'ruche.work';
/** More files that are opened at once are counted, not named. */
const MANY = 5;
const KEEP_AFTER_MS = 400;
const FIRST_LANGUAGE = 'python';

export class Workspace {
  work = $state<Work>(ofKept(localStorage.getItem(KEY)) ?? fromExample(FIRST_LANGUAGE));
  /** Where the cursor shall go next. */
  jump = $state.raw<Place>();
  /** It is too large to be there after a reload. */
  isTooLarge = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  get shown(): WorkFile | undefined {
    return this.work.files.find((file) => file.id === this.work.shown);
  }

  get paths(): string[] {
    return this.work.files.map((file) => file.path);
  }

  /** Shows a place of the program. */
  goTo(place: Place): void {
    const file = this.work.files.find((one) => one.path === place.path);
    if (!file) return;
    this.work.shown = file.id;
    this.jump = { ...place };
  }

  /** Keeps the work a little later; to be called in an effect, so that it happens at every change. */
  keep(): void {
    const now = $state.snapshot(this.work) as Work;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#write(now), KEEP_AFTER_MS);
  }

  keepNow(): void {
    clearTimeout(this.#timer);
    this.#write($state.snapshot(this.work) as Work);
  }

  #write(work: Work): void {
    const text = toKept(work);
    this.isTooLarge = text === undefined;
    try {
      if (text !== undefined) localStorage.setItem(KEY, text);
    } catch {
      this.isTooLarge = true;
    }
  }

  /** Something else to work on; what was there can be had back. */
  replace(work: Work, done: string): void {
    const before = $state.snapshot(this.work) as Work;
    this.work = work;
    if (!isPristine(before)) tell(done, 'done', { title: t().undo, run: () => (this.work = before) });
  }

  startOver(language: LanguageInfo | undefined): void {
    this.replace(fromExample(language?.id ?? this.work.language, language?.extensions[0]), t().startedOver);
  }

  /** Another language; its example comes only where nothing would be lost. */
  chooseLanguage(language: LanguageInfo): void {
    if (isPristine(this.work)) this.work = { ...fromExample(language.id, language.extensions[0]), ...settingsOf(this.work) };
    else this.work.language = language.id;
  }

  type(id: string, text: string): void {
    const file = this.work.files.find((one) => one.id === id);
    if (!file || file.content === text) return;
    file.content = text;
    this.work.example = undefined;
  }

  /** Adds files from outside. Of one name with one that is there, they take its place, and that can be undone. */
  open(files: SourceFile[], languages: readonly LanguageInfo[]): void {
    if (files.length === 0) return;
    const before = $state.snapshot(this.work) as Work;
    const fresh = files.map(ofSource);
    const byPath = new Map(fresh.map((file) => [file.path, file]));
    const replaced = before.files.filter((file) => byPath.has(file.path) && byPath.get(file.path)?.content !== file.content);
    if (isPristine(before)) {
      const language = languageOf(files.map((file) => file.path), languages, before.language)?.id ?? before.language;
      this.work = { ...workOf(language, []), files: fresh, ...settingsOf(before) };
    } else {
      const kept = this.work.files.filter((file) => !byPath.has(file.path));
      this.work.files = [...kept, ...fresh];
      if (!this.work.files.some((file) => file.id === this.work.main)) this.work.main = '';
      const undo = { title: t().undo, run: () => (this.work = before) };
      if (fresh.length > MANY) tell(folders().opened(fresh.length), 'done', undo);
      else if (replaced.length > 0) tell(t().replaced(replaced.map((file) => file.path).join(', ')), 'done', undo);
    }
    this.work.example = undefined;
    this.work.shown = fresh[0]?.id ?? '';
  }

  addFile(): void {
    const end = extension(this.work.files[0]?.path ?? '');
    const path = unused(end ? `file.${end}` : 'file', this.paths);
    const file: WorkFile = { id: newId(), path, content: '' };
    this.work.files.push(file);
    this.work.shown = file.id;
    this.work.example = undefined;
  }

  rename(file: WorkFile, path: string): void {
    file.path = path;
    this.work.example = undefined;
  }

  /** Takes a file out of the program; the last one leaves an empty one behind. */
  close(file: WorkFile): void {
    const before = $state.snapshot(this.work) as Work;
    const at = this.work.files.findIndex((one) => one.id === file.id);
    const isEmpty = isText(file) && file.content === '';
    this.work.files.splice(at, 1);
    if (this.work.files.length === 0) this.work.files.push({ id: newId(), path: file.path, content: '' });
    if (this.work.shown === file.id) this.work.shown = this.work.files[Math.min(at, this.work.files.length - 1)]?.id ?? '';
    if (this.work.main === file.id) this.work.main = '';
    if (!isEmpty) tell(t().closed(file.path), 'done', { title: t().undo, run: () => (this.work = before) });
  }
}

function fromExample(language: string, end?: string): Work {
  return workOf(language, [example(language, end)], language);
}

/** What stays when another program takes the place of one that nobody misses. */
const settingsOf = ({ limits, isInteractive, isTerminal, artifacts, judging }: Work) => ({ limits, isInteractive, isTerminal, artifacts, judging });

export const workspace = new Workspace();
